"""`python -m charlab`: the command line."""

import time

STARTED = time.time()  # a budget in minutes counts from here

if __name__ == "__main__":
    from charlab.cli import main

    raise SystemExit(main(started=STARTED))
