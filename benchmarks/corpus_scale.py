"""How time and memory grow with a corpus: 1, 10 and 100 MB of text, encoded and trained on by a worker.

    python -m benchmarks.corpus_scale [--megabytes 1 10 100] [--json PATH]

The text is the Python reference repeated, so every size has the same vocabulary. A run is a few steps of a small
GRU and two evaluations. Its memory is the worker's peak, compared with that of a worker on 100,000 characters,
which is nearly all TensorFlow's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks import common

SETTINGS = ["units=16", "embedding=0", "steps_per_epoch=20", "validation_share=0.01", "batch_size=32"]


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--megabytes", type=float, nargs="+")
    options = parser.parse_args()
    about = common.machine()
    with tempfile.TemporaryDirectory() as folder:
        base = train(write_text(Path(folder), 0.1), Path(folder))["peak_mb"]
        rows = []
        for megabytes in options.megabytes or ([1.0] if options.short else [1.0, 10.0, 100.0]):
            path = write_text(Path(folder), megabytes)
            row = {"megabytes": megabytes, **encode(path), **train(path, Path(folder))}
            row["above_base_mb"] = row["peak_mb"] - base
            row["allowed_mb"] = 600 + 2 * megabytes
            rows.append(row)
            path.unlink()
    table = [
        {
            "text, MB": f"{row['megabytes']:g}",
            "encoding, MB/s": f"{row['encoding_mb_per_second']:.0f}",
            "run, s": f"{row['seconds']:.1f}",
            "worker's peak, MB": f"{row['peak_mb']:.0f}",
            "above a tiny run, MB": f"{row['above_base_mb']:.0f}",
            "allowed, MB": f"{row['allowed_mb']:.0f}",
        }
        for row in rows
    ]
    common.report("corpus_scale", options, about, {"Time and memory by size of the corpus:": table}, rows)


def write_text(folder: Path, megabytes: float) -> Path:
    from charlab.corpora import catalogue

    piece = catalogue.load("python-reference").text.encode("ascii", "ignore").decode("ascii")
    size = int(megabytes * 1e6)
    path = folder / f"text-{megabytes:g}.txt"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _ in range(size // len(piece)):
            file.write(piece)
        file.write(piece[: size % len(piece)])
    return path


def encode(path: Path) -> dict[str, float]:
    """Megabytes per second from text to ids, the median of three."""
    from charlab.core.vocab import Vocab

    text = path.read_text(encoding="utf-8")
    vocab = Vocab.from_text(text)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        vocab.encode(text)
        seconds.append(time.perf_counter() - start)
    return {"encoding_mb_per_second": len(text) / 1e6 / sorted(seconds)[1]}


def train(path: Path, runs: Path) -> dict[str, float]:
    """A short run by the command line: its seconds, and its process's peak resident memory in MB."""
    command = [
        sys.executable,
        "-m",
        "charlab",
        "train",
        "--corpus",
        str(path),
        "--preset",
        "custom",
        "--epochs",
        "1",
    ]
    command += [f"--set={setting}" for setting in SETTINGS] + ["--json"]
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=common.ROOT,
        env=os.environ | {"CHARLAB_RUNS": str(runs / "runs")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    output = process.communicate()[0]
    watcher.join()
    if process.returncode:
        raise SystemExit(f"The run on {path.name} failed.")
    json.loads(output.splitlines()[-1])
    return {"seconds": time.perf_counter() - start, "peak_mb": peak[0] / 1e6}


def _watch(process: subprocess.Popen, peak: list[int]) -> None:
    try:
        worker = psutil.Process(process.pid)
        while process.poll() is None:
            peak[0] = max(peak[0], worker.memory_info().rss)
            time.sleep(0.01)
    except psutil.NoSuchProcess:
        return


if __name__ == "__main__":
    main()
