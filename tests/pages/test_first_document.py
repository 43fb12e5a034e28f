"""The document that pages begin with: Streamlit's own, with the script that keeps the browser's history."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit.file_util import get_static_dir

from helpers import asgi
from helpers.project import ROOT
from pages.parts.shared import first_document, routes


def test_every_page_has_the_script_before_streamlits_own_which_are_unchanged():
    own = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    script = (ROOT / "pages" / "parts" / "shared" / "history.js").read_text(encoding="utf-8")
    for page in first_document.PAGES:
        # A browser that has a copy of Streamlit's document gets this one, too
        answer = asgi.get(routes.routes(), f"/{page}?model=ngram", {"If-None-Match": '"copy"'})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
        before, added, rest = answer.text.partition(f"<script>\n{script}</script>\n")
        assert added and before + rest == own and "<body" not in before


def test_the_paths_are_those_of_the_pages():
    router = (ROOT / "pages" / "router.py").read_text(encoding="utf-8")
    assert {"", *re.findall(r'url_path="(\w+)"', router)} == set(first_document.PAGES)
