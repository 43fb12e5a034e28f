"""The published weights as arrays that take no memory of their own: a file that is mapped into memory.

The published file begins with a header of an odd number of bytes. NumPy copies numbers at such addresses before
every product. So `align` writes those that the network needs to a file of the same format (safetensors), with
spaces at the end of its header. All processes of a machine that use the file share its pages.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from uuid import uuid4

import numpy as np

from charlab.core.predictor import Weights
from charlab.errors import ModelError
from charlab.os_errors import naming

_ALIGNMENT, _PIECE = 64, 2**20  # bytes
_MASKS = ".attn.bias"  # how the names of arrays end that are no weights: which tokens each one may look back at


def read(path: Path) -> Weights:
    """The arrays of an aligned file by name; nobody can change them. Raises ModelError where the file is damaged,
    and OSError."""
    places = _places(path)
    data = np.asarray(np.memmap(path, np.uint8, "r"))
    return {name: data[first:last].view("<f4").reshape(shape) for name, (first, last, shape) in places.items()}


def align(source: Path, target: Path) -> None:
    """Write the weights of a published file to an aligned one, completely or not at all. Raises ModelError where
    the published one is damaged, and OSError."""
    places = {name: place for name, place in _places(source).items() if not name.endswith(_MASKS)}
    header, end = {}, 0
    for name, (first, last, shape) in places.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end := end + last - first]}
    text = json.dumps(header).encode("ascii")
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        with naming(temporary, always=True), source.open("rb") as published, temporary.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for first, last, _ in places.values():
                published.seek(first)
                for place in range(first, last, _PIECE):
                    file.write(published.read(min(_PIECE, last - place)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _places(path: Path) -> dict[str, tuple[int, int, list[int]]]:
    """Where each array of a safetensors file begins and ends, in bytes, and its shape."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(start, size) - 8))
        header.pop("__metadata__", None)
        places = {}
        for name, entry in header.items():
            first, last = (start + offset for offset in entry["data_offsets"])
            if entry["dtype"] != "F32" or last - first != 4 * math.prod(entry["shape"]) or last > size:
                raise ValueError(f"{name} is not what the header says")
            places[name] = first, last, entry["shape"]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is not a complete file of GPT-2's weights ({error}). Delete it and download it again."
        ) from error
    return places
