"""The published weights as arrays that take no memory of their own: a file that is mapped into memory.

The published file begins with a header of an odd number of bytes. NumPy copies numbers at such addresses before
every product. So `align` writes those that the network needs to a file of the same format (safetensors), with
spaces at the end of its header. All processes of a machine that use the file share its pages.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

import numpy as np

from charlab.core.predictor import Weights
from charlab.errors import ModelError
from charlab.os_errors import naming

_ALIGNMENT = 64  # bytes
_MASKS = ".attn.bias"  # how the names of arrays end that are no weights: which tokens each one may look back at


def read(path: Path) -> Weights:
    """The arrays of an aligned file by name; nobody can change them. Raises ModelError where the file is damaged,
    and OSError."""
    return {name: numbers.view("<f4").reshape(shape) for name, (numbers, shape) in _arrays(path).items()}


def align(source: Path, target: Path) -> None:
    """Write the weights of a published file to an aligned one, completely or not at all. Raises ModelError where
    the published one is damaged, and OSError."""
    arrays = {name: found for name, found in _arrays(source).items() if not name.endswith(_MASKS)}
    header, end = {}, 0
    for name, (numbers, shape) in arrays.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end := end + len(numbers)]}
    text = json.dumps(header).encode("ascii")
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        with naming(temporary, always=True), temporary.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for numbers, _ in arrays.values():
                file.write(numbers.data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _arrays(path: Path) -> dict[str, tuple[np.ndarray, list[int]]]:
    """The bytes of each array of a safetensors file, mapped into memory, and its shape."""
    try:
        data = np.asarray(np.memmap(path, np.uint8, "r"))
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        arrays = {}
        for name, entry in json.loads(data[8:start].tobytes()).items():
            if name != "__metadata__":
                first, last = entry["data_offsets"]
                arrays[name] = data[start + first : start + last], entry["shape"]
                if entry["dtype"] != "F32" or len(arrays[name][0]) != 4 * np.prod(entry["shape"], dtype=int):
                    raise ValueError(f"{name} is not what its header says")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is not a complete file of GPT-2's weights ({error}). Delete it and download it again."
        ) from error
    return arrays
