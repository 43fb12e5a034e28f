"""The HTML with which every page begins: Streamlit's own, and before its scripts the one that keeps the browser's
history (history.js)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit.file_util import get_static_dir

PAGES = ("", "train", "playground", "explainer", "labs")  # the paths of router.py
_END = "</head>"  # before it: Streamlit's scripts are modules, which run later


def answer(request: Request) -> Response:
    """The document. Browsers ask at each visit whether theirs is still valid, as Streamlit has them do."""
    headers = {"Cache-Control": "no-cache", "ETag": _etag()}
    if request.headers.get("if-none-match") == _etag():
        return Response(status_code=304, headers=headers)
    return HTMLResponse(_document(), headers=headers)


@cache
def _document() -> str:
    html = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    script = Path(__file__).with_name("history.js").read_text(encoding="utf-8")
    return html.replace(_END, f"<script>\n{script}</script>\n{_END}", 1)


@cache
def _etag() -> str:
    return f'"{hashlib.blake2b(_document().encode(), digest_size=6).hexdigest()}"'
