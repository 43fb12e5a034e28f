"""Scripts and styles of components that the server serves, so that browsers keep them and scripts share modules:
what a component has inline is sent again with every place of it, at every run of a page's script.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from streamlit.config import get_option

from charlab.browser import engine

PATH = "/assets/parts/{version}/{name}"
KEEP = {"Content-Encoding": "gzip", "Cache-Control": "public, max-age=31536000, immutable"}
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_ENGINES = ("sampling.js",)  # modules of the browser's engine that the pages' scripts import, too


def component(name: str, module: Path, *, isolate_styles: bool = True) -> Any:
    """A component of Streamlit, made of the module at that path and the style sheet beside it."""
    style = module.with_suffix(".css")
    css = style.read_text(encoding="utf-8") if style.exists() else None
    mount = st.components.v2.component(name, js=loader(module.name), css=css, isolate_styles=isolate_styles)
    # Streamlit looks for tables in each value of a dictionary, which for a text of 300 characters takes 1 ms.
    return lambda *, data, **given: mount(data=[data], **given)


def root() -> str:
    """What every path on this server begins with: "", or "/school" below a base path."""
    base = get_option("server.baseUrlPath").strip("/")
    return f"/{base}" if base else ""


def address(name: str) -> str:
    """The path of a file on this server."""
    return root() + PATH.format(version=_version(), name=name)


def loader(name: str) -> str:
    """The script of a component whose own one is the module `name`, in the folders of the pages' parts.

    All places that load a module share it. It may import others of these folders: `import ... from "./chart.js"`.
    """
    # Of several lines: Streamlit takes one line for the name of a file.
    return (
        f'const file = new URL("{address(name)}", location.origin);\n'
        "const draw = (await import(file.href)).default;\n"
        "export default ({ data, ...given }) => draw({ ...given, data: Array.isArray(data) ? data[0] : data });\n"
    )


def answer(request: Request) -> Response:
    """A file, to be kept for good: its address changes with any of the files."""
    name, version = request.path_params["name"], request.path_params["version"]
    if name not in _files():
        return PlainTextResponse("There is no such file.", 404)
    headers = KEEP if version == _version() else KEEP | {"Cache-Control": "no-store"}
    return Response(_files()[name], media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def _files() -> dict[str, bytes]:
    """The compressed files, by their names."""
    parts = Path(__file__).resolve().parent.parent
    paths = sorted(path for path in parts.rglob("*") if path.suffix in _TYPES)
    paths += [engine.FOLDER / name for name in _ENGINES]
    return {path.name: gzip.compress(path.read_bytes(), mtime=0) for path in paths}


@cache
def _version() -> str:
    return hashlib.blake2b(b"".join(_files().values()), digest_size=6).hexdigest()
