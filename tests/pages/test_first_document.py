"""The document that pages begin with: Streamlit's own, with the script that keeps the browser's history, and the
styles of all pages."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit.file_util import get_static_dir

from helpers import asgi
from helpers.project import ROOT
from pages.parts.shared import first_document, routes


def test_every_page_has_the_script_before_streamlits_own_which_are_unchanged_and_the_styles_at_its_end():
    own = (Path(get_static_dir()) / "index.html").read_text(encoding="utf-8")
    shared = ROOT / "pages" / "parts" / "shared"
    script = (shared / "history.js").read_text(encoding="utf-8")
    styles = "".join((shared / name).read_text(encoding="utf-8") for name in first_document.STYLES)
    for page in first_document.PAGES:
        # A browser that has a copy of Streamlit's document gets this one, too
        answer = asgi.get(routes.routes(), f"/{page}?model=ngram", {"If-None-Match": '"copy"'})
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
        before, added, rest = answer.text.partition(f"<script>\n{script}</script>\n")
        rest, styled, end = rest.partition(f"<style>\n{styles}</style>\n")
        assert added and styled and before + rest + end == own
        assert "<body" not in before and "<script" not in end and "</head>" in rest


def test_the_paths_are_those_of_the_pages():
    router = (ROOT / "pages" / "router.py").read_text(encoding="utf-8")
    assert {"", *re.findall(r'url_path="(\w+)"', router)} == set(first_document.PAGES)
