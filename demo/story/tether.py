"""Runs a command that must not outlive its starter: `python tether.py COMMAND…`.

Standard input is a pipe whose other end only the starter holds. The kernel closes it when the starter ends,
however it ends, and then the command is ended too, with everything it started: PHP's server workers, for one,
stay behind when their master is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE = 10.0
"""Seconds that the command may take to end by itself."""


def run(command: list[str]) -> int:
    """Runs the command in a session of its own until it ends or the pipe does; returns its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_pipe, args=(child,), daemon=True).start()
    code = child.wait()
    _signal_session(child, signal.SIGKILL)
    return code


def _end_with_pipe(child: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    _signal_session(child, signal.SIGKILL)


def _signal_session(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
