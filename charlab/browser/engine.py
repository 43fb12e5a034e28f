"""The browser's engine as one script: its modules joined, for the server's routes, an exported page and a site.

The modules in engine/ are for Node and for tests; in a browser the engine is one classic script that a Web Worker
runs, since a worker made from a text cannot import. Modules are simple: `import { a, b } from "./x.js";` stands on
one line, exports are by name, and no two of them have a name in common. What is sent is that script with short
names, a quarter smaller, which `make engine` writes to engine/built/.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "engine"
BUILT = FOLDER / "built"
_SCRIPTS = {  # by their file in engine/built/: the first module, and what it does at the end
    "training.js": ("worker.js", "serve(self);\n"),
    "whole.js": ("page_worker.js", "serveAll(self);\n"),
}
_SHORTEN = ("terser", "--compress", "passes=2", "--mangle", "--ecma", "2020")
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]*)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |const |class |function))", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


@cache
def script() -> str:
    """What trains, as a script for a Web Worker, which answers messages from its beginning."""
    return _sent("training.js")


@cache
def whole_script() -> str:
    """The same with all that a model can do by itself: generate, read and evaluate."""
    return _sent("whole.js")


def kernels() -> bytes:
    """The WebAssembly module in which the engine trains and reads."""
    return (FOLDER / "kernels.wasm").read_bytes()


@cache
def version() -> str:
    """Twelve hexadecimal digits that change with the engine, for its address."""
    return hashlib.blake2b(script().encode() + kernels(), digest_size=6).hexdigest()


def build(folder: Path = BUILT) -> None:
    """Write the scripts with short names, by terser (Debian: apt install terser)."""
    folder.mkdir(exist_ok=True)
    environment = os.environ | {"NODE_PATH": "/usr/share/nodejs"}  # where Debian has what its terser needs
    for name in _SCRIPTS:
        script = _plain_script(name)
        short = subprocess.check_output(_SHORTEN, input=script, env=environment, text=True)  # noqa: S603
        (folder / name).write_text(_first_line(name) + short, encoding="utf-8")


def _sent(name: str) -> str:
    """The built script, or while modules are newer than it the plain one."""
    built = BUILT / name
    text = built.read_text(encoding="utf-8") if built.exists() else ""
    return text if text.startswith(_first_line(name)) else _plain_script(name)


def _plain_script(name: str) -> str:
    entry, last = _SCRIPTS[name]
    return joined(FOLDER / entry, last)


def _first_line(name: str) -> str:
    """By which a built script says of which modules it is."""
    digest = hashlib.blake2b(_plain_script(name).encode(), digest_size=6).hexdigest()
    return f"// CharLab's engine ({digest}); readable in charlab/browser/engine\n"


def joined(entry: Path, last: str = "") -> str:
    """A module and all that it imports as one script, without comments; `last` ends it. Its names are its own."""
    parts = [_plain(path.read_text(encoding="utf-8")) for path in modules(entry)]
    return '(() => {\n"use strict";\n' + "".join(parts) + last + "})();\n"


def modules(entry: Path) -> list[Path]:
    """A module and all that it imports, each once and after those that it imports itself."""
    found: list[Path] = []

    def add(path: Path) -> None:
        for imported in imports(path):
            if imported not in found:
                add(imported)
        found.append(path)

    add(entry)
    return found


def imports(path: Path) -> list[Path]:
    """The modules that one imports, in its order."""
    return [(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text(encoding="utf-8"))]


def _plain(module: str) -> str:
    """A module's text as a part of the script."""
    return _INDENTATION.sub("", _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", module))))


if __name__ == "__main__":
    build()
