"""`python -m charlab`, and the command `charlab`: the command line."""

import sys
import time

STARTED = time.time()  # how long a training takes to start is measured from here, so before the rest is imported


def main() -> int:
    """Run one command; returns what the process exits with."""
    try:
        from charlab.cli import main as run

        return run(started=STARTED)
    except KeyboardInterrupt:  # while it was imported
        print("charlab: It was interrupted (Ctrl-C).", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
