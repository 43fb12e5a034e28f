"""The browser's engine as this server serves it: the script of a Web Worker that trains, and its kernels."""

from __future__ import annotations

import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from charlab.browser import engine
from pages.parts.shared import served_files

PATH = "/assets/engine/{version}/{name}"
SCRIPT, KERNELS = "engine.js", "kernels.wasm"
_TYPES = {SCRIPT: "text/javascript", KERNELS: "application/wasm"}


def address(name: str) -> str:
    """The path of one of the two on this server."""
    return served_files.root() + PATH.format(version=engine.version(), name=name)


def answer(request: Request) -> Response:
    """One of the two, to be kept for good: its address changes with the engine."""
    name, version = request.path_params["name"], request.path_params["version"]
    if name not in _TYPES:
        return PlainTextResponse("There is no such file.", 404)
    headers = (
        served_files.KEEP if version == engine.version() else served_files.KEEP | {"Cache-Control": "no-store"}
    )
    return Response(_packed(name), media_type=_TYPES[name], headers=headers)


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(engine.script().encode() if name == SCRIPT else engine.kernels(), mtime=0)
