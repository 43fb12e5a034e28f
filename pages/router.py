"""The list of pages. It is in pages/ so that Streamlit's automatic discovery stays off."""

from pathlib import Path

import streamlit as st

from charlab import os_errors
from pages.parts.shared import header, header_stop, present, url_state
from pages.parts.shared.safe_text import plain

st.set_page_config(
    page_title="CharLab", page_icon=str(Path(__file__).parent / "parts" / "shared" / "icon.svg"), layout="wide"
)

PAGES = [
    st.Page("home.py", title="CharLab", icon=":material/abc:", default=True),
    st.Page("train.py", title="Train", icon=":material/trending_down:", url_path="train"),
    st.Page("playground.py", title="Playground", icon=":material/edit_note:", url_path="playground"),
    st.Page("explainer.py", title="Explainer", icon=":material/search_insights:", url_path="explainer"),
    st.Page("labs.py", title="Labs", icon=":material/science:", url_path="labs"),
]

page = st.navigation(PAGES, position="top")
url_state.enter(page.url_path)
present.show_style()
try:
    update = header.show()
    header_stop.run(page.run, update)
except os_errors.EXPECTED as error:  # people can fix it: a sentence, no entry in the log
    st.error(plain(os_errors.sentence(error)))
