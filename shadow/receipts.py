"""What the worker tells a data plane: how many of its exchanges are counted, so that none is lost with it."""

from asyncio import StreamWriter
from collections import Counter


class Receipts:
    """Of one connection. What is not receipted when the connection ends, its data plane counts as skipped.

    So an exchange is `settled` together with its verdict or skip, and told of when those are reported.
    """

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._settled: Counter[str] = Counter()

    def settled(self, route: str) -> None:
        """One exchange of this route is counted."""
        self._settled[route] += 1

    def tell(self) -> bool:
        """A line `ROUTE COUNT` for each route. False, to be asked again, if the data plane has not read what
        was told before.
        """
        if self._writer.is_closing():
            return True
        if self._writer.transport.get_write_buffer_size():
            return False
        lines = [f"{route} {count}\n" for route, count in self._settled.items()]
        self._settled.clear()
        self._writer.write("".join(lines).encode())
        return True
