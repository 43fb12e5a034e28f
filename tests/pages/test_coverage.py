"""What an alphabet leaves out, on the pages: before a start, beside a run, and of a text to explain."""

import numpy as np
import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, coverage, uploads
from charlab.runs import baselines, store
from charlab.runs.store import RunConfig
from helpers.left_out import CHINESE, NOVEL, QUOTES, RUSSIAN
from helpers.pages import open_page, open_popover, shown
from helpers.runs import all_runs
from helpers.tiny import TINY, make_run, random_weights


def keep(text: str) -> str:
    return catalogue.store(uploads.read_pasted(text))


def said(elements) -> str:
    """The words of elements, without the backslashes that keep Markdown out of them."""
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def start(app):
    [button] = [button for button in app.button if button.label == "Start"]
    button.click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, NOVEL], ids=["russian", "chinese", "novel"])
def test_a_text_that_can_hardly_be_read_is_refused_with_an_alphabet_that_fits(text):
    app = open_page("train", corpus=keep(text), preset="cloud-tpu-lstm")
    share = coverage.percent(sum(map(text.count, map(chr, range(255)))) / len(text))
    assert f"This model can read {share} of this text" in said(app.error)
    limit = "4,096" if text is NOVEL else "128"
    assert f"Choose the alphabet “corpus” with a limit of {limit} characters or more" in said(app.error)
    assert not list(all_runs())
    app = start(app)
    assert "too little to learn from" in said(app.error) and not list(all_runs())


def test_the_alphabet_that_was_offered_fits():
    app = open_page("train", corpus=keep(NOVEL), preset="cloud-tpu-lstm")
    open_popover(app, "advanced")
    app.selectbox(key="cloud-tpu-lstm.alphabet").set_value("corpus")
    app.number_input(key="cloud-tpu-lstm.alphabet_limit").set_value(4096).run()
    assert not app.error and not app.warning and "model can read" not in shown(app)
    [run] = list(all_runs()) or [start(app) and next(all_runs())]
    assert run.config().model.alphabet_limit == 4096 and len(run.vocab()) == 4_003


def test_under_nine_tenths_is_a_warning_and_goes_with_the_run():
    app = open_page("train", corpus=keep(NOVEL), preset="quick-gru")
    share = f"{512 * 20 / len(NOVEL):.1%}"
    assert f"can read {share} of this text" in said(app.warning) and not app.error
    assert "Raise the alphabet limit to 4,096" in said(app.warning)
    app = start(app)
    assert f"can read {share} of this text" in said(app.info)  # among the run's notes
    assert f"count only what the model can read: {share} of the text" in said(app.caption)


def test_above_nine_tenths_it_is_said_quietly():
    app = open_page("train", corpus=keep(QUOTES), preset="cloud-tpu-lstm")
    read = len(QUOTES) - sum(map(QUOTES.count, "“”—"))
    assert f"({read:,} of {len(QUOTES):,} characters)" in said(app.caption) and not app.warning
    assert "U+2014 EM DASH" in said(app.caption)


def test_the_cost_of_a_large_alphabet_is_told_in_parameters():
    name = keep(NOVEL)
    app = open_page("train", corpus=name, preset="quick-gru", **{"quick-gru.alphabet_limit": "8192"})
    V, U, D = 4_003, 256, 256
    alphabet, rest = V * D + (U + 1) * V, (D + U) * 3 * U + 6 * U
    words = "Alphabet of 4,002 characters: the input (embedding) and output layers have "
    words += f"{alphabet / 1e6:.2f} M of the {(alphabet + rest) / 1e6:.2f} M parameters."
    assert said(app.caption).count(words) == 2  # among the facts, and beside the setting
    app = open_page("train", corpus="coin-flips", preset="quick-gru")
    assert said(app.caption).count("layers have 0.00 M of the 0.40 M parameters") == 1
    app = open_page("train", corpus=name, preset="ngram")
    assert "Alphabet of" not in said(app.caption) and not app.exception


def test_the_baselines_count_the_characters_that_the_model_counts():
    def found(text, alphabet):
        sha256 = uploads.read_pasted(text).sha256
        model = ModelConfig(kind="ngram", alphabet=alphabet)
        config = RunConfig("name", "ngram", keep(text), sha256, model, TrainConfig())
        return dict(baselines.of(config))

    text = "ab" * 900 + "ac" * 100 + "€" * 300 + "ab" * 100
    code_points = found(text, "code-points")
    assert code_points["uniform baseline"] == pytest.approx(np.log(3))
    assert found(text, "corpus")["uniform baseline"] == pytest.approx(np.log(4))
    assert code_points == found(text.replace("€", ""), "corpus")


def test_the_explainer_says_how_much_of_the_text_the_model_can_read():
    run = make_run()
    app = open_page("explainer", model=run.id, text="the quick brown fox €")
    assert "This model can read 95.2% of this text (20 of 21 characters)" in said(app.caption)
    assert "U+20AC EURO SIGN (€, once, 4.8%)" in said(app.caption) and not app.warning
    app = open_page("explainer", model=run.id, text="the €€€€")
    assert "can read 50% of this text" in said(app.warning) and "say little" in said(app.warning)
    app = open_page("explainer", model=run.id, text="€€€€")
    assert "can read 0% of this text" in said(app.warning) and "nothing to measure" in said(app.warning)
    assert not app.exception
    app = open_page("explainer", model=run.id, text="the fox")
    assert "can read" not in shown(app)


def test_a_run_made_with_what_it_leaves_out_shows_it():
    vocab, model = Vocab.from_text(NOVEL), TINY["gru"]
    found = coverage.read(NOVEL, vocab, model)[1]
    config = store.RunConfig("Novel", "custom", "gone", "0" * 64, model, TrainConfig(), coverage=found)
    run = store.create(config, vocab)
    run.write_weights(random_weights(model, len(vocab)), "best")
    run.append_event({"event": "epoch", "epoch": 0, "step": 0, "val_loss": 6.0, "val_accuracy": 0.0})
    run.write_status(store.Status("done"))
    app = open_page("train", run=run.id)
    assert not app.exception and "count only what the model can read" in said(app.caption)
    assert ModelConfig().alphabet_limit == 512
