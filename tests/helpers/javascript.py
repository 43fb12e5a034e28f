"""The browser's engine in Node: arrays go in, and what a script makes of them comes back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.project import ROOT

ENGINE = ROOT / "charlab" / "browser" / "engine"
_TYPES = {  # of JavaScript's typed arrays, by NumPy's
    "float32": "Float32Array",
    "float64": "Float64Array",
    "uint8": "Uint8Array",
    "uint16": "Uint16Array",
    "uint32": "Uint32Array",
    "int32": "Int32Array",
    "uint64": "BigUint64Array",
}
_BEGIN = """
import { readFileSync, writeFileSync } from "node:fs";
const [folder] = process.argv.slice(2);
const revived = (_, value) => {
  if (!value?.array) return value;
  const bytes = readFileSync(`${folder}/${value.array}`);
  return new globalThis[value.type](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};
let written = 0;
const replaced = (_, value) => {
  if (!ArrayBuffer.isView(value)) return value;
  const name = `out-${written++}`;
  writeFileSync(`${folder}/${name}`, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return { array: name, type: value.constructor.name };
};
const input = JSON.parse(readFileSync(`${folder}/input.json`, "utf8"), revived);
"""
_END = '\nwriteFileSync(`${folder}/output.json`, JSON.stringify(await main(input), replaced) ?? "null");\n'


def evaluate_js(code: str, *, timeout: float = 120.0, **inputs: Any) -> Any:
    """What the script's `main(input)` returns.

    The script imports modules of the engine by their names: `import { generator } from "./random.js";`. NumPy
    arrays, on their own or inside lists and dictionaries, come as typed arrays (flat) and go back as NumPy arrays
    (flat); everything else as JSON.
    """
    if not shutil.which("node"):
        if os.environ.get("CI"):
            pytest.fail("There is no Node.js here, which CI needs.")
        pytest.skip("There is no Node.js here.")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "package.json").write_text('{ "type": "module" }')
        (place / "input.json").write_text(json.dumps(_written(inputs, place)))
        code = code.replace('from "./', f'from "{ENGINE.as_uri()}/')
        (place / "script.js").write_text(_BEGIN + code + _END)
        command = ["node", *_node_options(), place / "script.js", folder]
        done = subprocess.run(command, capture_output=True, timeout=timeout)
        assert done.returncode == 0, done.stderr.decode()
        return _read(json.loads((place / "output.json").read_text()), place)


@cache
def _node_options() -> list[str]:
    """What makes an older Node fuse multiplications and additions as browsers do."""
    option = "--experimental-wasm-relaxed-simd"
    known = subprocess.run(["node", "--v8-options"], capture_output=True, text=True, check=True).stdout
    return [option] if option in known else []


def kernels() -> np.ndarray:
    """The bytes of kernels.wasm."""
    return np.frombuffer((ENGINE / "kernels.wasm").read_bytes(), np.uint8)


def kernels_without_fused() -> np.ndarray:
    """The same without the section that holds the product with fused additions."""
    whole = kernels().tobytes()
    name = whole.index(b"\x05fused")  # after the section's kind, 0, and its size in two bytes
    size = (whole[name - 2] & 127) + (whole[name - 1] << 7)
    assert whole[name - 3] == 0 and whole[name - 2] >= 128 > whole[name - 1]
    return np.frombuffer(whole[: name - 3] + whole[name + size :], np.uint8)


def of_shapes(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Weights as the engine takes them."""
    return {name: {"shape": array.shape, "values": array} for name, array in arrays.items()}


def shaped(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
    """What the engine gives, as NumPy arrays."""
    return {name: array["values"].reshape(array["shape"]) for name, array in arrays.items()}


def off_by(result: np.ndarray, wanted: np.ndarray) -> float:
    """The greatest difference, as a share of the greatest number."""
    return np.abs(np.asarray(result, np.float64) - wanted).max() / np.abs(wanted).max()


def declared_names(module: str) -> list[str]:
    """The names that a module's text declares at its top."""
    found = re.findall(
        r"^(?:export )?(?:async )?(?:const|let|class|function\*?) +(\{[^}]*\}|\[[^\]]*\]|\w+)",
        module,
        re.MULTILINE,
    )
    return [name for names in found for name in re.findall(r"\w+", names)]


def _written(value: Any, folder: Path) -> Any:
    if isinstance(value, np.ndarray):
        name = f"in-{len(list(folder.glob('in-*')))}"
        (folder / name).write_bytes(np.ascontiguousarray(value).tobytes())
        return {"array": name, "type": _TYPES[value.dtype.name]}
    if isinstance(value, dict):
        return {key: _written(part, folder) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_written(part, folder) for part in value]
    return value


def _read(value: Any, folder: Path) -> Any:
    if isinstance(value, dict) and set(value) == {"array", "type"}:
        (dtype,) = (name for name, type_name in _TYPES.items() if type_name == value["type"])
        return np.frombuffer((folder / value["array"]).read_bytes(), dtype)
    if isinstance(value, dict):
        return {key: _read(part, folder) for key, part in value.items()}
    if isinstance(value, list):
        return [_read(part, folder) for part in value]
    return value


def check_joinable(module: str, folders: str) -> None:
    """Imports and exports of a module's text are as simple as joining needs; it imports from these folders, a
    regular expression."""
    simple = rf'import \{{[^}}]*\}} from "{folders}/\w+\.js";|export (async )?(const|class|function).*'
    for line in module.splitlines():
        assert not re.match(r"(import|export)\b", line) or re.fullmatch(simple, line), line
