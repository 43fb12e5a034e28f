"""Weights from a stranger, as a safetensors file: first its header, then, if it fits the model, the numbers.

Also JSON from a stranger. Nothing is read into memory before its size is known to fit.
"""

from __future__ import annotations

import json
import math
import struct
from typing import IO, Any

import numpy as np

from charlab.core import kinds, predictor
from charlab.core.config import ModelConfig
from charlab.runs import schema
from charlab.runs.schema import Invalid

HEADER_LIMIT = 100_000  # bytes of a safetensors header
_TYPES = {"F32": np.float32, "U32": np.uint32, "U64": np.uint64}


def read(file: IO[bytes], size: int, name: str, model: ModelConfig, vocabulary_size: int) -> dict[str, np.ndarray]:
    """The weights of a model in a file of that size. Raises Invalid, a sentence about the file `name`, where it
    has others, or numbers that no network can compute with."""
    header, length = _header(file, size, name)
    _check_shapes(header, model, vocabulary_size, name)
    places, arrays = _places(header, length, size, name), {}
    for part in sorted(places, key=lambda part: places[part]):
        data = file.read(places[part][1] - places[part][0])
        entry = header[part]
        arrays[part] = np.frombuffer(data, _TYPES[entry["dtype"]]).reshape(entry["shape"])
    if file.read(1):
        raise Invalid(f"{name} is longer than its header says")
    schema.check_weights(arrays, model, vocabulary_size, name)
    return arrays


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object whose texts can be written and whose names and numbers are unambiguous. Raises Invalid."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_without_doubles)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # no lone surrogates, which cannot be encoded
    except (ValueError, RecursionError):
        raise Invalid(f"{name} cannot be read") from None
    if not isinstance(value, dict):
        raise Invalid(f"{name} is not valid")
    return value


def _no_number(word: str) -> float:
    raise ValueError(word)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _header(file: IO[bytes], size: int, name: str) -> tuple[dict[str, Any], int]:
    """Name -> dtype, shape and offsets of each array, from the head of a safetensors file, and its length."""
    (length,) = struct.unpack("<Q", file.read(8).rjust(8, b"\xff"))
    if length > min(HEADER_LIMIT, size - 8):
        raise Invalid(f"{name} is not a safetensors file in CharLab's format")
    header = parsed(file.read(length), name)
    header.pop("__metadata__", None)
    for part, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise Invalid(f"{part[:80]!r} in {name} is not described as an array")
        numbers = [*_list(entry["shape"]), *_list(entry["data_offsets"])]
        if not all(type(number) is int and 0 <= number < 2**40 for number in numbers):
            raise Invalid(f"{part[:80]!r} in {name} has no valid shape")
        if not isinstance(entry["dtype"], str) or entry["dtype"] not in _TYPES or len(entry["data_offsets"]) != 2:
            raise Invalid(f"{part[:80]!r} in {name} has a type that weights cannot have")
    return header, length


def _list(value: Any) -> list:
    return value if isinstance(value, list) else [None]


def _places(header: dict[str, Any], length: int, size: int, name: str) -> dict[str, tuple[int, int]]:
    """Name -> first byte and the one after the last; without gaps, in order, up to the file's end."""
    end = 0
    places = {part: tuple(entry["data_offsets"]) for part, entry in header.items()}
    for part in sorted(places, key=lambda part: places[part]):
        taken = math.prod(header[part]["shape"]) * np.dtype(_TYPES[header[part]["dtype"]]).itemsize
        if places[part] != (end, end + taken):
            raise Invalid(f"{part[:80]!r} in {name} is not at the position that its shape implies")
        end += taken
    if 8 + length + end != size:
        raise Invalid(f"{name} is longer or shorter than its arrays")
    return places


def _check_shapes(header: dict[str, Any], model: ModelConfig, vocabulary_size: int, name: str) -> None:
    """Of a network, shapes follow from the configuration; counts have any number, and are checked once they are
    read: their size was checked with the file's."""
    if not kinds.of(model).trained:
        return
    wanted = predictor.weight_shapes(model, vocabulary_size)
    for part in sorted(set(header) | set(wanted)):
        entry = header.get(part, {"shape": "nothing", "dtype": "F32"})
        if part not in wanted or tuple(entry["shape"]) != wanted[part] or entry["dtype"] != "F32":
            raise Invalid(
                f"{part[:80]!r} in {name} should be {wanted.get(part, 'absent')} and is {entry['shape']}"
            )
