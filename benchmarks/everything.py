"""All benchmarks, one after the other: the figures in docs/performance.md.

    python -m benchmarks.everything [--short] [--only generation training ...] [--to FOLDER]

Each prints its tables and writes them, with every round's figures, to FOLDER/NAME.json. Nothing else should run on
the machine: close the browser, and check the load in the first line above each table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks import common

SCRIPTS = (
    "generation", "training", "device", "device_quality", "growth", "quality", "startup", "minutes", "pages",
    "class", "corpus_scale",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--short", action="store_true", help="only check that all of them run: minutes; the figures mean nothing"
    )
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    parser.add_argument("--to", default="benchmarks/results", help="folder for the JSON files")
    options = parser.parse_args()
    failed = []
    for name in options.only:
        print(f"## {name}\n", flush=True)
        began = time.monotonic()
        words = [*(["--short"] if options.short else []), "--json", f"{options.to}/{name}.json"]
        if subprocess.call([sys.executable, "-m", f"benchmarks.{name}", *words], cwd=common.ROOT):
            failed.append(name)
        print(f"({name}: {time.monotonic() - began:.0f} s)\n", flush=True)
    if failed:
        print(f"These failed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
