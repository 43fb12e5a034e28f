"""Labs: networks for other tasks than writing, to train and to look into."""

from __future__ import annotations

import streamlit as st

from charlab.labs.catalogue import LABS
from pages.parts.labs import cards, dates, reber, sentiment
from pages.parts.shared import present, url_state

_SHOW = {"reber": reber.show, "dates": dates.show, "sentiment": sentiment.show}

url_state.read("lab", choices=tuple(_SHOW))
with present.details("cards"):
    title, place = st.columns([1, 12.5], gap="small", vertical_alignment="center")
    title.title("Labs")
    with place:
        cards.show({name: LABS[name] for name in _SHOW})
lab = LABS[st.session_state.lab]
url_state.write({"lab": lab.name} | _SHOW[lab.name](lab))
