"""The lab of film reviews in Streamlit's harness: reviews, words, views, links, and runs of its own."""

import json

import numpy as np
import pytest

from charlab.labs import catalogue
from charlab.labs.sentiment import data, measured, network
from charlab.labs.sentiment.forms import Form
from charlab.runs import store
from helpers.pages import open_page, press
from pages.parts.labs import sentiment_training, telling
from pages.parts.train import live_document
from pages.parts.train.live_document import Wanted

LAB = catalogue.LABS["sentiment"]


def opened(**query: str):
    app = open_page("labs", lab="sentiment", **query)
    assert not app.exception
    return app


def said(app) -> str:
    kinds = ("success", "warning", "error", "info", "markdown", "caption")
    return " ".join(element.value for kind in kinds for element in app.get(kind)).replace("\\", "")


def trained(code: str = "mean-100", test: float = 0.6) -> store.Run:
    """A run with the weights of an untrained network, and the events of two epochs."""
    form = Form.from_code(code)
    config = LAB.version(code).config(epochs=2)
    run = store.create(config, LAB.vocab(config))
    V = data.of_form(form, 1).words.ids_in_all
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.shapes(form, V).items()}
    weights["embedding"] = network.first_vectors(form, 1, V)
    run.write_weights(weights, "best")
    for epoch, accuracy in enumerate([0.5, test, test - 0.01]):
        figures = {"val_loss": 0.69 - 0.01 * (epoch == 1), "val_accuracy": accuracy, "accuracy": 0.9}
        figures |= {"test_accuracy": accuracy, "training_accuracy": 0.95}
        run.append_event({"event": "epoch", "epoch": epoch, "step": 20 * epoch} | figures)
    results = {"test_accuracy": test - 0.01, "training_accuracy": 0.95}
    run.write_status(store.Status("done", epoch=2.0, best_epoch=1, results=results))
    return run


@pytest.mark.parametrize(
    ("review", "words"),
    [
        ("a moving and funny film", "The network: positive"),
        ("a dull and boring mess", "The network: negative"),
        ("a splendiferous film", "“splendiferous” is unknown: bucket 363 of 1,000, together with exhilaration"),
        ("", "Type a review"),
        ("12 !", "There is no word to judge"),
        ("word " * 130, "at most 120 words. Received: 130"),
    ],
)
def test_a_review_is_judged_and_unknown_words_are_told(review, words):
    app = opened(review=review)
    assert words in said(app)
    assert app.query_params["review"] == review


def test_test_accuracy_stands_beside_training_accuracy():
    assert "judges 76.4% of the test set rightly, and 86.8% of the sentences it learned from" in said(opened())
    assert "88.9% of the sentences it learned from" in said(opened(run="mean"))
    run = trained()
    assert "judges 60.0% of the test set rightly, and 95.0%" in said(opened(run=run.id))


def test_an_example_is_put_into_the_box():
    app = opened()
    press(app, "Not bad at all")
    assert app.session_state.review == "not bad at all" and "The network: negative" in said(app)


def test_typed_text_is_shown_and_not_interpreted():
    app = opened(review="<b>Unheardofword</b> [link](http://example.org) *film*")
    raw = " ".join(element.value for element in app.get("caption"))
    assert "“unheardofword” is unknown" in raw
    assert "<b>" not in raw and "](http" not in raw


def test_every_view_opens_with_shipped_models_and_with_a_run():
    run = trained()
    for view in ("try", "words", "masking", "labels", "train"):
        for name in ("", "mean", run.id):
            app = opened(view=view, run=name)
            assert not app.error, (view, name)
            assert app.session_state.lab_run == name and app.session_state.lab_view == view


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("boring", "Nearest to “boring”"),
        ("Splendiferous", "is unknown: bucket 363"),
        ("!", "Type a word, or click one in the map"),
    ],
)
def test_a_word_is_looked_for_on_the_map(word, words):
    app = opened(view="words", word=word)
    assert words in said(app) and app.query_params["word"] == word


def test_opposite_opinions_are_far_apart_after_training_alone():
    judge = network.of_run(LAB.shipped, "best")
    places = [judge.words.id(word) for word in ("dull", "boring", "moving")]
    after = judge.weights["embedding"][places]
    before = network.first_vectors(judge.form, 1, judge.words.ids_in_all)[places]

    def cosines(vectors):
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return units[0] @ units[1], units[0] @ units[2]

    alike, opposite = cosines(after)
    assert alike > 0.6 and opposite < -0.3
    assert max(map(abs, cosines(before))) < 0.6


def test_what_masking_does_is_measured_and_drawn():
    found = measured.read()
    words = said(opened(view="masking"))
    assert f"A GRU reaches {found['gru'].mean_test:.1%} on the test set with masking" in words
    assert f"{found['gru-unmasked'].mean_test:.1%} without" in words
    assert found["gru"].mean_test > 0.74 > 0.55 > found["gru-unmasked"].mean_test


def test_pretrained_vectors_help_where_labels_are_few():
    found = measured.read()
    assert found["mean-100-glove"].mean_test > found["mean-100"].mean_test + 0.02
    assert found["mean"].mean_test > found["mean-glove"].mean_test + 0.02
    for one in found.values():
        assert len(one.test) == len(one.training) == len(one.seconds) >= 2
        assert one.mean_training > one.mean_test or one.mean_test < 0.55
    assert f"{found['mean-100-glove'].mean_test:.1%} of the test set" in said(opened(view="labels"))


def test_own_runs_are_drawn_beside_what_was_measured():
    trained("mean-100", 0.6)
    trained("mean-unmasked-100", 0.9)
    trained("gru", 0.7)
    own = sentiment_training._own(LAB, "")
    assert (list(own.labels), list(own.test), list(own.training)) == (["100"], [0.6], [0.95])
    assert not sentiment_training._own(LAB, "-glove").labels


def test_start_makes_a_run_of_what_is_chosen():
    app = opened(view="train")
    app.selectbox(key="lab_network").set_value("mean").run()
    app.selectbox(key="lab_labels").set_value(300).run()
    app.checkbox(key="lab_pretrained").set_value(True).run()
    app.checkbox(key="lab_masked").set_value(False).run()
    press(app, "Start")
    (known,) = LAB.runs()
    form = Form("mean", masked=False, labels=300, vectors="glove")
    assert Form.from_code(known.config().preset) == form and known.status().state == "queued"
    assert known.config().train == form.train
    assert app.session_state["lab_trained.sentiment"] == known.id


def test_without_vectors_on_the_server_they_cannot_be_chosen(monkeypatch):
    monkeypatch.setattr(sentiment_training.vectors, "is_here", lambda: False)
    app = opened(view="train")
    app.selectbox(key="lab_network").set_value("mean").run()
    assert app.checkbox(key="lab_pretrained").disabled


def test_where_the_sentences_cannot_be_had_no_run_is_started(monkeypatch, tmp_path):
    data._split.cache_clear()
    monkeypatch.setenv("CHARLAB_CORPORA", str(tmp_path))
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path))
    source = data.SOURCES["sentences"]
    nowhere = data.Download("sentence_polarity.zip", ("http://127.0.0.1:9/x.zip",), source.download.sha256)
    monkeypatch.setitem(data.SOURCES, "sentences", data.Source(*list(vars(source).values())[:4], nowhere))
    app = opened(view="train")
    assert "are downloaded first (0.5 MB)" in said(app)
    press(app, "Start")
    assert "No run was started" in said(app) and "0.5 MB, CC BY 4.0" in said(app)
    assert not LAB.runs()


def test_what_the_live_panel_tells_of_a_run():
    run = trained("mean-100", 0.6)
    told = live_document.make(Wanted(run.id, unit="accuracy", may_act=True))
    labels = [figure["label"] for figure in told.parts["figures"]]
    assert labels == ["Time taken", "Words/s", "Validation, %"]
    assert "learns its texts by heart" in told.parts["caption"] and not told.samples
    chart = json.loads(told.chart)
    (test,) = [line for line in chart["data"] if line["name"] == "test set"]
    assert test["y"] == [50.0, 60.0, 59.0]
    in_nats = json.loads(live_document.make(Wanted(run.id, unit="nats")).chart)
    assert in_nats["layout"]["yaxis"]["title"]["text"] == "loss, nats per text"
    assert telling.of(run.config()).speed == "Words/s"
