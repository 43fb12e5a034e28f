"""Present mode is a setting of every page: links turn it on and keep it."""

from __future__ import annotations

import pytest

from helpers.pages import PAGES, open_page


def hides_details(app) -> bool:
    return any("st-key-details-" in element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_a_link_turns_present_mode_on_for_every_page(page):
    assert hides_details(open_page(page, present="1"))
    assert not hides_details(open_page(page))


def test_the_address_keeps_present_mode():
    app = open_page("playground", present="1")
    assert app.query_params["present"] == "1"
    app.session_state.present = False
    app.run()
    assert "present" not in app.query_params and not hides_details(app)
