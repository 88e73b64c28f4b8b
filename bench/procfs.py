"""What Linux says about processes and cores: CPU time, memory, sockets. Everything is read from /proc."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Stat:
    """What a measurement needs of /proc/PID/stat. `started` tells a reused pid from the old one;
    `ended` is a zombie, which only waits for its parent to look at it."""

    pid: int
    parent: int
    cpu_ticks: int
    started: int
    ended: bool = False


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Ticks of one core since boot, idle and all together."""

    idle: int
    total: int


def parse_stat(text: str) -> Stat:
    """Reads /proc/PID/stat. The command's name may hold spaces and parentheses, so count from its end."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(")")[2].split()
    # proc(5) counts from 1; `fields` begins at 3: state 3, parent 4, utime 14, stime 15, starttime 22.
    ticks = int(fields[11]) + int(fields[12])
    return Stat(int(pid), int(fields[1]), ticks, int(fields[19]), ended=fields[0] in "ZX")


def parse_core(text: str, core: int) -> CoreTime:
    """Reads one core's line of /proc/stat; waiting for I/O counts as idle, stolen time as busy."""
    for line in text.splitlines():
        name, *values = line.split()
        if name == f"cpu{core}":
            ticks = [int(value) for value in values[:8]]
            return CoreTime(idle=ticks[3] + ticks[4], total=sum(ticks))
    raise LookupError(f"/proc/stat has no core {core}")


def descendants(stats: Iterable[Stat], root: int) -> list[Stat]:
    """The process `root` and everything below it, parents first."""
    children: dict[int, list[Stat]] = {}
    found: list[Stat] = []
    for stat in stats:
        children.setdefault(stat.parent, []).append(stat)
        if stat.pid == root:
            found.append(stat)
    for stat in found:
        found.extend(children.get(stat.pid, ()))
    return found


def idle_share(before: CoreTime, after: CoreTime) -> float:
    """The share, 0 to 1, of the time between two readings in which the core had nothing to do."""
    elapsed = after.total - before.total
    return (after.idle - before.idle) / elapsed if elapsed > 0 else 1.0


def read_stat(pid: int) -> Stat | None:
    """One process as it is now; None when it is gone."""
    with contextlib.suppress(OSError):
        return parse_stat((PROC / str(pid) / "stat").read_text())
    return None


def read_core(core: int) -> CoreTime:
    return parse_core((PROC / "stat").read_text(), core)


def tree(root: int) -> list[Stat]:
    """The living process `root` and everything below it, parents first."""
    return descendants(_everyone(), root)


def cpu_seconds(root: int) -> float:
    """User and system time that the processes below `root` have used so far, in seconds."""
    return sum(stat.cpu_ticks for stat in tree(root)) / TICKS_PER_SECOND


def rss_bytes(pid: int) -> int:
    """Resident memory of one process now, in bytes; 0 when it is gone."""
    return _status_kib(pid, "VmRSS") * 1024


def peak_rss_bytes(pid: int) -> int:
    """The most resident memory the process had since `forget_peak`, in bytes; the kernel keeps it exactly."""
    return _status_kib(pid, "VmHWM") * 1024


def forget_peak(pid: int) -> None:
    """Starts the peak anew at what is resident now (5 is "reset the high water mark", proc(5))."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def open_files(pid: int) -> int:
    """How many file descriptors the process holds; 0 when it is gone."""
    try:
        return len(os.listdir(PROC / str(pid) / "fd"))
    except OSError:
        return 0


def open_sockets(pid: int) -> int:
    """How many of the process's descriptors are sockets."""
    return sum(link.startswith("socket:") for link in _links(pid))


def holder(pids: Iterable[int], local_port: int, remote_port: int) -> int | None:
    """Which of these processes holds the loopback connection between two ports, seen from its own end."""
    wanted = (f"0100007F:{local_port:04X}", f"0100007F:{remote_port:04X}")
    for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == wanted:
            link = f"socket:[{fields[9]}]"
            return next((pid for pid in pids if link in _links(pid)), None)
    return None


def _links(pid: int) -> Iterator[str]:
    """What each of the process's descriptors is."""
    folder = PROC / str(pid) / "fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                yield os.readlink(folder / name)


def _everyone() -> Iterator[Stat]:
    for name in os.listdir(PROC):
        if name.isdigit() and (stat := read_stat(int(name))):
            yield stat


def _status_kib(pid: int, field: str) -> int:
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0
