from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from helpers.pages import given, open_page, send
from helpers.project import ROOT
from pages.parts.shared.safe_text import as_label, plain


def page():
    import streamlit as st

    from pages.parts.shared.character_strip import character_strip
    from pages.parts.shared.chart import plotly_chart

    def choose(index):
        st.session_state.chosen = index

    def click(point):
        st.session_state.point = point

    st.session_state.setdefault("chosen", 1)
    st.session_state.setdefault("point", None)
    character_strip(
        "a <b>\n",
        [None, 0.5, float("nan"), 1, "red", 0],
        key="strip",
        label="text",
        chosen=st.session_state.chosen,
        on_choose=choose,
        values=[None, 1.234567, float("nan"), 2, 3, 4],
        unit="bits",
    )
    plotly_chart('{"data": [], "layout": {}}', key="chart", label="a chart", on_click=click)


@pytest.fixture
def test_page():
    test = AppTest.from_function(page).run(timeout=60)
    assert not test.exception
    return test


def test_a_strip_carries_its_text_as_data(test_page):
    data = given(test_page, "strip")
    assert data["characters"] == list("a <b>\n") and data["chosen"] == 1
    assert data["colours"] == [None, 0.5, None, 1, "red", 0]
    assert data["values"] == [None, 1.235, None, 2, 3, 4]
    assert data["drawn"] == {" ": "·", "\n": "↵"}


def test_choosing_a_character_counts_before_the_page_is_drawn(test_page):
    send(test_page, "strip", "chosen", 4)
    assert test_page.session_state.chosen == 4
    assert given(test_page, "strip")["chosen"] == 4


@pytest.mark.parametrize("nonsense", [-1, 6, 10**9, True, 1.5, "2", None, {"a": 1}])
def test_an_index_that_is_none_changes_nothing(test_page, nonsense):
    send(test_page, "strip", "chosen", nonsense)
    assert not test_page.exception and test_page.session_state.chosen == 1


def test_a_click_on_a_chart_counts_and_nonsense_is_not(test_page):
    send(test_page, "chart", "click", {"x": 3, "y": 1, "curve": 0, "point": [1, 3], "more": "?"})
    assert test_page.session_state.point == {"x": 3, "y": 1, "curve": 0, "point": [1, 3]}
    send(test_page, "chart", "click", "nonsense")
    assert not test_page.exception and test_page.session_state.point["x"] == 3


def test_plain_text_has_no_markdown_left():
    assert plain("a *b* [c](d) $e$ :f[g] `h`") == r"a \*b\* \[c\]\(d\) \$e\$ \:f\[g\] \`h\`"
    assert (
        "https\u2060" in plain("https://e.x") and "www\u2060" in plain("www.e.x") and "\u2060\\@" in plain("a@e.x")
    )
    assert plain("no marks") == "no marks"


def test_our_scripts_never_write_html():
    scripts = list((ROOT / "pages" / "parts").rglob("*.js"))
    assert scripts
    for script in scripts:
        source = script.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, f"{script.name} uses {way}"


def linked():
    import streamlit as st

    from pages.parts.shared import url_state

    url_state.read("run", default="a", choices=("a", "b"))
    st.button("b", on_click=lambda: st.session_state.update(run="b"))
    url_state.write({"run": st.session_state.run})


def test_an_address_that_was_just_replaced_is_not_one_that_a_reader_opened(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("pages.parts.shared.url_state.time", SimpleNamespace(monotonic=lambda: clock[0]))
    app = AppTest.from_function(linked).run()
    clock[0] = 60.0  # it stood there for a minute
    app.button[0].click().run()
    assert app.query_params["run"] == "b"
    for now, run in ((61.0, "b"), (100.0, "a")):  # the browser had not heard of it; later a reader means it
        clock[0] = now
        app.query_params["run"] = "a"
        app.run()
        assert app.session_state.run == app.query_params["run"] == run


def test_going_back_opens_what_was_just_left(monkeypatch):
    app = AppTest.from_function(linked).run()
    app.button[0].click().run()
    app.query_params["run"] = "a"
    context = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr("pages.parts.shared.url_state.get_script_run_ctx", lambda: context)
    assert app.run().session_state.run == "a"


def test_after_back_the_address_is_sent_again_also_where_the_page_writes_none(monkeypatch):
    sent: list[dict] = []
    monkeypatch.setattr(
        "streamlit.runtime.state.query_params.QueryParams._send_query_param_msg",
        lambda query: sent.append(query.to_dict()),
    )
    app = open_page("home", note="kept")
    sent.clear()  # what the harness set
    app.run()
    assert not sent
    context = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr("pages.parts.shared.url_state.get_script_run_ctx", lambda: context)
    app.run()
    assert sent == [{"note": "kept"}] and not app.exception


def test_right_to_left_phrases_keep_the_words_and_numbers_around_them_in_order():
    assert plain("“البحر هادئ”, 3 times") == "“\u2068البحر هادئ\u2069”, 3 times".replace(",", "\\,")
    assert plain("\u2068البحر.\u2069 3") == "\u2068البحر\\.\u2069 3"
    assert plain("evil\u202etxt") == "evilU\\+202Etxt"
    assert as_label("بحر\u202e") == "\u2068بحرU+202E\u2069" and as_label("sea") == "sea"
