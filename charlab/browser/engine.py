"""The browser's engine as one script: its modules joined, for the server's routes, an exported page and a site.

The modules in engine/ are for Node and for tests; in a browser the engine is one classic script that a Web Worker
runs, since a worker made from a text cannot import. Modules are simple: `import { a, b } from "./x.js";` stands on
one line, exports are by name, and no two of them have a name in common.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "engine"
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]*)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |const |class |function))", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n", re.MULTILINE)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


@cache
def script() -> str:
    """What trains, as a script for a Web Worker, which answers messages from its beginning."""
    return joined(FOLDER / "worker.js", "serve(self);\n")


@cache
def whole_script() -> str:
    """The same with all that a model can do by itself: generate, read and evaluate."""
    return joined(FOLDER / "page_worker.js", "serveAll(self);\n")


def kernels() -> bytes:
    """The WebAssembly module in which the engine trains and reads."""
    return (FOLDER / "kernels.wasm").read_bytes()


@cache
def version() -> str:
    """Twelve hexadecimal digits that change with the engine, for its address."""
    return hashlib.blake2b(script().encode() + kernels(), digest_size=6).hexdigest()


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
