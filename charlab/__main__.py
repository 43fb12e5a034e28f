"""`python -m charlab`, and the command `charlab`: the command line."""

import time

STARTED = time.time()  # a budget in minutes counts from here, so before the rest is imported


def main() -> int:
    """Run one command; returns what the process exits with."""
    from charlab.cli import main as run

    return run(started=STARTED)


if __name__ == "__main__":
    raise SystemExit(main())
