"""The HTML with which every page begins: Streamlit's own, and before its scripts the one that keeps the browser's
history (history.js)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from streamlit.file_util import get_static_dir

PAGES = ("", "train", "playground", "explainer")  # the paths of router.py
_END = "</head>"  # before it: Streamlit's scripts are modules, which run later


def answer(_request: Request) -> HTMLResponse:
    """The document, which browsers ask for at each visit, as Streamlit has them do."""
    return HTMLResponse(_document(), headers={"Cache-Control": "no-cache"})


@cache
def _document() -> str:
    html = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    script = Path(__file__).with_name("history.js").read_text(encoding="utf-8")
    return html.replace(_END, f"<script>\n{script}</script>\n{_END}", 1)
