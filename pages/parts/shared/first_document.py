"""The HTML with which every page begins: Streamlit's own, with the script that keeps the browser's history
(history.js) before its scripts, and the styles of all pages at its end.

Drawn by each page, the styles would be sent again at every run of its script.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from streamlit.file_util import get_static_dir

PAGES = ("", "train", "playground", "explainer", "labs")  # the paths of router.py
STYLES = ("text_direction.css", "layout.css", "contrast.css")
_HERE = Path(__file__).parent
_SCRIPT_BEFORE = "</head>"  # Streamlit's scripts are modules, which run later
_STYLES_BEFORE = "</body>"  # Streamlit's styles are in the head: of two that weigh the same, the later one counts


def answer(request: Request) -> Response:
    """The document. Browsers ask at each visit whether theirs is still valid, as Streamlit has them do."""
    headers = {"Cache-Control": "no-cache", "ETag": _etag()}
    if request.headers.get("if-none-match") == _etag():
        return Response(status_code=304, headers=headers)
    return HTMLResponse(_document(), headers=headers)


@cache
def _document() -> str:
    html = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    script = (_HERE / "history.js").read_text(encoding="utf-8")
    styles = "".join((_HERE / name).read_text(encoding="utf-8") for name in STYLES)
    html = html.replace(_SCRIPT_BEFORE, f"<script>\n{script}</script>\n{_SCRIPT_BEFORE}", 1)
    return html.replace(_STYLES_BEFORE, f"<style>\n{styles}</style>\n{_STYLES_BEFORE}", 1)


@cache
def _etag() -> str:
    return f'"{hashlib.blake2b(_document().encode(), digest_size=6).hexdigest()}"'
