"""The Labs page in Streamlit's harness: strings, views, links, and runs that are a lab's or not."""

import dataclasses
import json

import numpy as np
import pytest

from charlab.errors import RunError
from charlab.labs import catalogue
from charlab.labs.reber import data
from charlab.runs import store, warm
from charlab.runs.permissions import OPERATOR
from helpers.pages import given, open_page, press, send
from helpers.tiny import make_run
from pages.parts.labs import grammar_predictions, telling
from pages.parts.train import live_document
from pages.parts.train.live_document import Wanted

LAB = catalogue.LABS["reber"]


def said(app) -> str:
    words = (element.value for kind in ("success", "warning", "error", "info") for element in app.get(kind))
    return " ".join(words).replace("\\", "")


def trained(name: str = "mine", **of_status) -> store.Run:
    """A run that has the shipped weights, and the events of two epochs."""
    run = store.create(LAB.config(name, epochs=2), LAB.vocab())
    run.write_weights(LAB.shipped.weights(), "best")
    for epoch, (accuracy, pairs) in enumerate([(0.5, 0.5), (0.9, 0.5), (1.0, 0.75)]):
        measured = {"val_loss": 0.6 - 0.2 * epoch, "val_accuracy": accuracy, "pair_accuracy": pairs}
        run.append_event({"event": "epoch", "epoch": epoch, "step": 312 * epoch} | measured)
    run.write_status(store.Status("done", epoch=2.0, **of_status))
    return run


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BTBTXSETE", "The network: good** (good with probability 100.0%). The grammar: good."),
        ("BTBTXSEPE", "P at position 8 is wrong (it must be T, like the second letter)"),
        ("BPBT", "not finished, S or X may follow"),
        ("BX", "X at position 2 is wrong (it must be T or P)"),
        ("BTBTXSETEE", "E at position 10 is wrong (the string has ended)"),
        ("ABC", "have only the capital letters B, E, P, S, T, V, X. Received: 'AC'"),
        ("", "Click the letter B in the graph"),
    ],
)
def test_a_string_is_judged_and_explained(text, words):
    app = open_page("labs", string=text)
    assert not app.exception and words in said(app)
    assert app.query_params["string"] == text


def test_a_typed_string_is_read_in_capitals_and_buttons_change_it():
    app = open_page("labs")
    app.text_input(key="string").set_value(" btbt ").run()
    assert app.session_state.string == "BTBT"
    press(app, "Back")
    assert app.session_state.string == "BTB"
    press(app, "Good")
    assert data.is_good(app.session_state.string)
    press(app, "T/P swap")
    assert data.is_good(data.swap(app.session_state.string)) and not data.is_good(app.session_state.string)
    press(app, "Corrupted")
    assert not data.is_good(app.session_state.string)
    press(app, "Clear")
    assert app.session_state.string == ""


def test_the_graph_is_where_the_chosen_letter_leads_and_goes_on_from_there():
    app = open_page("labs", string="BPBTXSEPE")
    assert given(app, "grammar-graph")["state"] == data.END
    send(app, "string-strip-BPBTXSEPE", "chosen", 3)
    assert given(app, "grammar-graph")["state"] == data.path("BPBT")[-1]
    send(app, "grammar-graph", "letter", "S")
    assert app.session_state.string == "BPBTS" and given(app, "grammar-graph")["state"] == data.path("BPBTS")[-1]


def test_while_a_lab_trains_a_process_may_stand_ready(monkeypatch):
    monkeypatch.setattr(warm, "_page_seen_at", float("-inf"))
    open_page("labs", view="try")
    assert warm._page_seen_at == float("-inf")
    open_page("labs", view="train")
    assert warm._page_seen_at > float("-inf")


def test_every_view_opens_with_the_shipped_model_and_with_a_run():
    run = trained()
    for view in ("try", "tricky", "memory", "next", "train"):
        for name in ("", run.id):
            app = open_page("labs", view=view, run=name)
            assert not app.exception and not app.error, (view, name)
            assert app.session_state.lab_run == name and app.session_state.lab_view == view


@pytest.mark.parametrize("name", ["nonsense", "a-language-model"])
def test_a_link_to_what_is_no_run_of_the_lab_shows_the_model_that_ships(name):
    if name != "nonsense":
        name = make_run("gru").id
    app = open_page("labs", run=name)
    assert not app.exception and not app.error and app.session_state.lab_run == ""


def test_start_makes_a_run_of_the_lab_and_shows_it():
    app = open_page("labs", view="train")
    app.number_input(key="lab_epochs.reber-").set_value(3).run()
    press(app, "Start")
    (known,) = LAB.runs()
    config = known.config()
    assert (config.task, config.train.epochs, config.train.seed) == ("reber", 3, 1)
    assert known.status().state == "queued" and app.session_state["lab_trained.reber"] == known.id


def test_the_train_page_does_not_list_a_labs_run_and_the_lab_no_language_model():
    ours, other = trained(), make_run("gru")
    app = open_page("train")
    assert app.session_state.run == other.id
    titles = [option for box in app.selectbox if box.label == "Run" for option in box.options]
    assert len(titles) == 1
    app = open_page("labs")
    options = [option for box in app.selectbox if box.label == "Network" for option in box.options]
    assert len(options) == 2 and options[0] == "Built-in model" and "mine" in options[1]
    assert ours.id != other.id


def test_what_the_live_panel_tells_of_a_labs_run():
    run = trained()
    told = live_document.make(Wanted(run.id, unit="accuracy", may_act=True))
    figures = {figure["label"]: figure for figure in told.parts["figures"]}
    assert figures["Validation, %"]["value"] == "100.0" and "strings" in figures["Validation, %"]["help"]
    assert "T/P pairs" in told.parts["caption"] and not told.parts["words"]["summary"] and not told.samples
    chart = json.loads(told.chart)
    (pairs,) = [line for line in chart["data"] if line["name"] == "T/P pairs"]
    assert pairs["y"] == [50.0, 50.0, 75.0]
    counted = 100 * data.counting_accuracy(data.draw(1))
    assert f"three-letter counting {counted:.2f}" in json.dumps(chart["layout"]["annotations"])
    in_nats = json.loads(live_document.make(Wanted(run.id, unit="nats")).chart)
    assert in_nats["layout"]["yaxis"]["title"]["text"] == "loss, nats per string"
    assert np.isclose(telling.counting(1), data.counting_accuracy(data.draw(1)))


def test_a_run_of_a_lab_that_is_not_known_here_is_refused_in_a_sentence():
    config = dataclasses.replace(LAB.config(), task="knitting")
    run = store.create(config, LAB.vocab())
    with pytest.raises(RunError, match="does not have"):
        live_document.make(Wanted(run.id))
    assert LAB.create(LAB.config(), OPERATOR).config().task == "reber"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BPBTSSXXTVVEPE", "P at position 13, to be remembered over 10 letters, gets 99.9%."),
        ("BPBTX", "0.3% of the probability goes to letters that the grammar does not allow"),
        ("BXB", "The grammar does not allow X at position 2: after it, no letter is right."),
        ("ABC", "have only the capital letters B, E, P, S, T, V, X. Received: 'AC'"),
        ("", "Type a string, or press Good"),
    ],
)
def test_a_language_model_says_what_comes_next_and_the_grammar_what_may(text, words):
    app = open_page("labs", view="next", string=text)
    told = " ".join(element.value for kind in ("markdown", "error", "info") for element in app.get(kind))
    assert not app.exception and words in told.replace("\\", "")


def test_probabilities_by_letter_and_what_the_grammar_allows():
    reading = grammar_predictions._read("BT")
    probabilities, allowed = grammar_predictions._of_positions(reading)
    letters = [*data.LETTERS, "\n"]
    assert probabilities.shape == allowed.shape == (3, len(letters))
    assert [[letter for letter, may in zip(letters, row, strict=True) if may] for row in allowed] == [
        ["B"],
        ["P", "T"],
        ["B"],
    ]
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-3)  # a little is left for the unknown character
    assert probabilities[1, [letters.index("P"), letters.index("T")]] == pytest.approx(0.5, abs=0.05)
