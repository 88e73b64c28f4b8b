"""What `banyan demo` runs: `python demo/run.py [--once]`."""

import sys

from story.main import main

if __name__ == "__main__":
    sys.exit(main())
