"""`python -m bench.inprocess`: CPU time of a request in the data plane's own code, without sockets.

Compiled if it was compiled (`make fast`), or interpreted with `--interpreted`. A busy machine hardly shows in
these figures, so they are what to judge a change by; the kernel's and uvloop's share is not in them.
"""

import argparse
import importlib
import sys

from proxy import native


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.inprocess", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="batches of 2,000 requests (20)")
    parser.add_argument("--interpreted", action="store_true", help="leave aside what is compiled")
    arguments = parser.parse_args()
    compiled = not arguments.interpreted and native.enable()
    print("compiled" if compiled else "interpreted")
    print(importlib.import_module("bench.rig").run(arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
