"""Popovers of the Train page: their content costs nothing before they are opened, and counts all the same."""

from __future__ import annotations

from helpers.pages import open_page, open_popover
from helpers.runs import all_runs
from helpers.tiny import make_run


def start(app):
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception and not app.error
    return next(all_runs()).config()


def test_a_first_visit_draws_nothing_in_a_popover():
    make_run()
    make_run()
    app = open_page("train")
    assert not app.exception
    for kind in ("number_input", "file_uploader", "text_area", "multiselect"):
        assert not app.get(kind), kind
    assert "Compare with" not in [box.label for box in app.multiselect]


def test_settings_of_a_link_count_although_nobody_opens_them():
    link = {"custom.kind": "lstm", "custom.units": "24", "custom.optimizer": "muon", "custom.clip_norm": "0"}
    app = open_page("train", corpus="coin-flips", preset="custom", **link)
    config = start(app)
    assert (config.model.kind, config.model.units) == ("lstm", 24)
    assert (config.train.optimizer, config.train.clip_norm) == ("muon", None)  # 0 stands for none


def test_settings_of_a_link_are_brought_within_the_limits_of_the_kind():
    app = open_page("train", corpus="coin-flips", preset="custom", **{"custom.kind": "gru", "custom.layers": "12"})
    assert app.query_params["custom.layers"] in ("4", ["4"])
    assert start(app).model.layers == 4


def test_what_was_changed_counts_after_the_popover_is_closed_and_on_the_next_visit():
    app = open_page("train", corpus="coin-flips", preset="custom")
    open_popover(app, "advanced")
    app.number_input(key="custom.units").set_value(24).run()
    app.session_state.advanced = False
    app.run()
    assert app.number_input(key="custom.units").value == 24
    app.switch_page("home.py").run()
    app.switch_page("train.py").run()
    assert app.number_input(key="custom.units").value == 24 and app.session_state.preset == "custom"
    assert start(app).model.units == 24


def test_a_preset_chosen_later_has_its_own_settings():
    app = open_popover(open_page("train", corpus="coin-flips", preset="custom"), "advanced")
    app.number_input(key="custom.units").set_value(24).run()
    app.selectbox(key="preset").set_value("ngram").run()
    assert not app.exception and "ngram.order" in [box.key for box in app.number_input]
    app.selectbox(key="preset").set_value("custom").run()
    assert app.number_input(key="custom.units").value == 24


def test_runs_of_a_link_are_compared_although_nobody_opens_the_picker():
    runs = [make_run(name=f"Number {number}") for number in range(3)]
    app = open_page("train", run=runs[0].id, others=f"{runs[1].id},{runs[2].id},nobody")
    assert not app.exception and app.session_state.others == [runs[1].id, runs[2].id]
    open_popover(app, "compare_runs")
    (box,) = [box for box in app.multiselect if box.label == "Compare with"]
    assert box.value == [runs[1].id, runs[2].id]
    box.set_value([runs[2].id]).run()
    app.session_state.compare_runs = False
    app.run()
    assert app.session_state.others == [runs[2].id] and runs[1].id not in str(app.query_params["others"])
