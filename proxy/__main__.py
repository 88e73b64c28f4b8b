"""`python -m proxy` is `banyan`."""

from proxy.cli import main

if __name__ == "__main__":
    main()
