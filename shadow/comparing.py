"""Compares within a limit of CPU time: what may take long, in a process of its own, which can be ended.

The libraries that read markup and evaluate XPaths have no limit of work to set, and hold the interpreter's
lock while they work: neither a thread nor a deadline could stop them.
"""

import asyncio
import contextlib
import gc
import os
import pickle
import resource
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import BinaryIO, Final, Self

from shadow.compare import Answer, Policy, Request, Result, compare

SECONDS: Final = 3.0
"""Of CPU time for one comparison: 256 KiB of JSON in which everything differs take a twentieth."""
COMMAND: Final = (sys.executable, "-m", "shadow.comparing")
"""What starts the process."""
_SMALL = 16 * 1024
"""Bytes of both bodies up to which comparing takes less than handing it to another process."""
_MEMORY = 2 * 1024**3
"""Bytes of address space for the process that compares."""
_LENGTH = 4
"""Bytes of the length in front of each message."""

_Job = tuple[bytes, Request, Answer, Answer, float]
"""The policy, pickled, so that it is compiled only once; what to compare; seconds of CPU time for it."""


class Comparing:
    """Of what may take long one pair at a time; the process, by `command`, is started by the first."""

    def __init__(self, seconds: float = SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._seconds = seconds
        self._command = command
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def compare(self, request: Request, one: Answer, other: Answer, policy: Policy) -> Result:
        """As `shadow.compare.compare`; `unread` where it was cut off, with what could be told without bodies.

        Raises RuntimeError where comparing failed by itself.
        """
        if _is_quick(one, other, policy):
            return compare(request, one, other, policy)
        job: _Job = pickle.dumps(policy), request, one, other, self._seconds
        async with self._turn:
            reply = await self._asked(pickle.dumps(job))
        if reply is None:
            heads = await asyncio.to_thread(compare, replace(request, method="HEAD"), one, other, policy)
            return replace(heads, unread=f"comparing takes over {self._seconds:g} s of CPU time, or 2 GiB")
        result: Result | None = pickle.loads(reply)
        if result is None:
            raise RuntimeError("comparing failed")
        return result

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the process."""
        self._kill()
        await self._ended()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _asked(self, job: bytes) -> bytes | None:
        """The process' reply; None where it died of the job. One that died before is replaced once."""
        for _ in range(2):
            known = self._process is not None
            try:
                return await self._exchanged(job)
            except (asyncio.IncompleteReadError, ConnectionError):
                code = await self._ended()
                if not known or code == -signal.SIGPROF:
                    return None
            except BaseException:
                self._kill()  # it would answer what nobody waits for any more
                raise
        return None

    async def _exchanged(self, job: bytes) -> bytes:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(len(job).to_bytes(_LENGTH) + job)
        await self._process.stdin.drain()
        length = int.from_bytes(await self._process.stdout.readexactly(_LENGTH))
        return await self._process.stdout.readexactly(length)

    async def _ended(self) -> int:
        """How the process ended; there is none any more."""
        process, self._process = self._process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        await process.stdout.read()
        return await process.wait()


def _is_quick(one: Answer, other: Answer, policy: Policy) -> bool:
    """Small bodies that are no larger than they look, and no queries that go through them again and again."""
    coded = any(name.lower() == b"content-encoding" for answer in (one, other) for name, _ in answer.fields)
    queried = policy.xpaths or policy.selectors.needs_document
    return len(one.body) + len(other.body) <= _SMALL and not coded and not queried


def collect_seldom() -> None:
    """Comparing makes many objects and few circles: looking for these often costs a tenth of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


# -- the process


def main() -> None:
    """Answer what comes on standard input, until that ends, or the kernel ends what takes too long."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # they reach the whole group; the worker decides
    collect_seldom()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold what clients sent
    with (
        contextlib.suppress(BrokenPipeError),
        os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as jobs,
        os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as replies,
    ):
        while job := _read(jobs):
            reply = _replied(pickle.loads(job))
            replies.write(len(reply).to_bytes(_LENGTH) + reply)
            replies.flush()


def _read(source: BinaryIO) -> bytes:
    length = int.from_bytes(source.read(_LENGTH))
    return source.read(length) if length else b""


def _replied(job: _Job) -> bytes:
    """The result, pickled; None in its place where comparing raised what it should not."""
    policy, request, one, other, seconds = job
    signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends the process
    try:
        return _pickled(compare(request, one, other, _policy(policy)))
    except MemoryError:
        raise SystemExit(1) from None
    except Exception:
        return pickle.dumps(None)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _pickled(result: Result) -> bytes:
    """With values in it that are nested as deep as JSON may be: pickle takes some calls for each level."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * usual)
    try:
        return pickle.dumps(result)
    finally:
        sys.setrecursionlimit(usual)


@lru_cache(maxsize=256)
def _policy(pickled: bytes) -> Policy:
    policy: Policy = pickle.loads(pickled)
    return policy


if __name__ == "__main__":
    main()
