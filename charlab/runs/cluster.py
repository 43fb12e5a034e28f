"""Training on several machines: whether TF_CONFIG names them, and which one writes the run directory."""

from __future__ import annotations

import json
import os


def is_chief(name: str) -> bool:
    """Whether this process writes the run directory; of several machines only the first one does."""
    if name != "multi-worker" or why_no_cluster():
        return True
    config = json.loads(os.environ["TF_CONFIG"])
    first = "chief" if config["cluster"].get("chief") else "worker"
    return config["task"]["type"] == first and int(config["task"]["index"]) == 0


def why_no_cluster() -> str:
    """A sentence if TF_CONFIG does not name the machines, else an empty string."""
    example = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
    how = f"Set it on every machine before the start, each with its own index, for example {example}."
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        return f"the environment variable TF_CONFIG, which names the machines, is not set. {how}"
    try:
        cluster = json.loads(text)
        workers = cluster["cluster"].get("worker", []) + cluster["cluster"].get("chief", [])
        kind, index = cluster["task"]["type"], int(cluster["task"]["index"])
        is_valid = kind in ("worker", "chief") and 0 <= index < len(cluster["cluster"][kind]) and workers
    except (ValueError, KeyError, TypeError, AttributeError):
        is_valid = False
    return "" if is_valid else f"TF_CONFIG does not name machines and a place among them. {how} Received: {text}"
