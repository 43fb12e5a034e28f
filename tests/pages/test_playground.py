"""The Playground by Streamlit's own harness: its modes, figures and link; clicks are in the browser test."""

import json
import re
import shlex

import numpy as np
import pytest

from charlab import cli
from charlab.core.config import SampleConfig
from charlab.core.generation import generate, texts
from charlab.errors import ConfigError
from charlab.runs import models
from helpers.pages import codes, given, model_box, open_page, open_popover, press, shown, written
from helpers.tiny import make_run, write_epochs
from pages.parts.explainer import text_strip
from pages.parts.playground import copied_passages, downloads
from pages.parts.playground.temperature import meaning, parse_temperatures
from pages.parts.shared import corpus_index
from pages.parts.shared.safe_text import plain

SHORT = {"length": "30", "seed_text": "the ", "seed": "7", "shade": "nothing"}


def commands(app):
    (lines,) = [element.value for element in app.code if element.value.startswith("python -m charlab")]
    return lines.splitlines()


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("0.2, 0.5", (0.2, 0.5)), ("1;2 3", (1, 2, 3)), ("0.5,0.5", (0.5,)), ("20", (20,)), (" 0 ", (0,))],
)
def test_temperatures_as_they_are_typed(typed, wanted):
    assert parse_temperatures(typed) == wanted


@pytest.mark.parametrize("typed", ["", "warm", "0.5, warm", "-1", "21", "nan", "inf", ",".join("123456789" * 3)])
def test_what_is_no_temperature_is_told(typed):
    if typed.count(",") > 20:
        typed = ",".join(str(n / 10) for n in range(21))
    with pytest.raises(ConfigError, match="Received"):
        parse_temperatures(typed)


def test_every_temperature_has_a_meaning():
    words = [meaning(temperature) for temperature in np.arange(0, 2.05, 0.05)]
    assert len(set(words)) == 6 and "most likely" in words[0] and "Very random" in words[-1]


def test_a_sweep_changes_nothing_but_temperature():
    run = make_run()
    app = press(
        open_page("playground", model=run.id, mode="temperature sweep", temperatures="0,0.5,2", **SHORT),
        "Generate",
    )
    assert not app.exception and not app.error
    model = models.load(run.id)
    config = SampleConfig(length=30, seed=7, temperatures=(0, 0.5, 2))
    steps = generate(model.predictor, model.vocab, "the ", config)
    assert codes(app) == ["the " + text for text in texts(steps, model.vocab)]
    assert [sample.title for sample in written(app).samples] == [
        "Temperature 0",
        "Temperature 0.5",
        "Temperature 2",
    ]
    assert app.query_params["temperatures"] == "0,0.5,2" and "temperature" not in app.query_params


@pytest.mark.parametrize("mode", ["samples", "temperature sweep", "side by side"])
def test_the_command_line_writes_the_same(mode, capsys):
    run = make_run()
    write_epochs(run, 2)
    more = {"temperatures": "0,0.5", "beside": "epoch-002", "temperature": "0.65", "top_k": "5", "top_p": "0.9"}
    app = press(open_page("playground", model=run.id, mode=mode, samples="2", **more, **SHORT), "Generate")
    typed = []
    for line in commands(app):
        assert cli.main([*shlex.split(line)[3:], "--json"]) == 0
        typed += json.loads(capsys.readouterr().out)["samples"]
    assert codes(app) == ["the " + text for text in typed] and len(typed) == 2
    assert len(commands(app)) == (1 if mode == "samples" else 2)


def test_temperatures_that_make_no_sense_are_told_on_the_page():
    app = open_page("playground", model=make_run().id, mode="temperature sweep", temperatures="hot")
    assert "Temperatures are numbers" in app.error[0].value and not app.exception


@pytest.mark.parametrize("typed", ["0,2; 0,5; 1,0", "0,2 0,5  1,0", "0.2\t0.5\n1", "0.2;0.5;1", "0,2, 0,5, 1,0"])
def test_temperatures_with_decimal_commas_are_those_that_were_meant(typed):
    link = {"model": make_run().id, "mode": "temperature sweep", "temperatures": typed}
    app = press(open_page("playground", **link, **SHORT), "Generate")
    assert not app.exception and not app.error
    assert [sample.temperature for sample in written(app).samples] == [0.2, 0.5, 1]
    assert app.query_params["temperatures"] == "0.2,0.5,1"


def test_temperatures_that_can_be_read_in_two_ways_are_asked_about_on_the_page():
    app = open_page("playground", model=make_run().id, mode="temperature sweep", **SHORT)
    app.text_input(key="temperatures").set_value("0,5").run()
    assert "two ways: as 0; 5 or as 0.5" in app.error[0].value.replace("\\", "") and not app.exception
    app.text_input(key="temperatures").set_value("0,5;").run()
    assert not app.error and app.query_params["temperatures"] == "0.5"


def test_a_sample_keeps_eight_bytes_per_character_besides_its_text():
    app = press(open_page("playground", model=make_run().id, samples="2", **SHORT), "Generate")
    for sample in written(app).samples:
        assert set(vars(sample)) == {"title", "model", "temperature", "text", "probabilities", "ids"}
        assert not sample.ids  # a text of characters says them itself
        assert memoryview(sample.probabilities).nbytes == 8 * len(sample.text) == 8 * 30


def test_a_link_that_the_page_wrote_with_whole_temperatures_is_read_as_it_was_meant():
    app = open_page("playground", model=make_run().id, mode="temperature sweep", temperatures="0,1", **SHORT)
    assert not app.error and app.query_params["temperatures"] == "0,1"


def test_numbers_in_a_link_may_have_decimal_commas_and_0_is_off():
    link = {"temperature": "0,75", "top_k": "0", "top_p": "0"}
    app = press(open_page("playground", model=make_run().id, **link, **SHORT), "Generate")
    config = written(app).request.config
    assert (config.temperature, config.top_k, config.top_p) == (0.75, None, None) and not app.exception
    assert "top_k" not in app.query_params and "top_p" not in app.query_params


def test_models_and_epochs_write_side_by_side_with_the_same_draws():
    first, second = make_run(name="First"), make_run("lstm", name="Second")
    write_epochs(first)
    app = open_page("playground", model=first.id, mode="side by side", beside=f"epoch-002,{second.id}", **SHORT)
    press(app, "Generate")
    assert not app.exception and not app.error
    config = SampleConfig(length=30, seed=7, temperature=0.8)
    wanted = []
    for name, weights_name in ((first.id, "best"), (first.id, "epoch-002"), (second.id, "best")):
        model = models.load(name, weights_name)
        wanted += ["the " + texts(generate(model.predictor, model.vocab, "the ", config), model.vocab)[0]]
    assert codes(app) == wanted and len(set(wanted)) == 3
    assert [sample.title for sample in written(app).samples] == ["First", "First, epoch 2", "Second"]
    assert app.query_params["digest"].count(",") == 2


def test_a_link_writes_at_once_and_tells_of_other_weights():
    run = make_run(name="Mine")
    digest = models.load(run.id).digest
    app = open_page("playground", model=run.id, write="1", digest=digest, samples="2", **SHORT)
    assert not app.exception and not app.warning and len(codes(app)) == 2
    assert all(text.startswith("the ") for text in codes(app))
    app = open_page("playground", model=run.id, write="1", digest="0" * 12, samples="2", **SHORT)
    assert "weights of Mine have changed" in app.warning[0].value
    press(app, "Generate")
    assert not app.warning


def test_a_model_that_is_trained_on_keeps_its_place_in_the_picker():
    run = make_run(name="Mine", state="stopped")
    app = open_page("playground", model=run.id)
    label = model_box(app).options
    run.write_status(run.status().__class__(state="stopped", results={"best_val_loss": 1.0}))
    app.run()
    assert model_box(app).options != label and model_box(app).value == run.id


def test_two_runs_of_one_name_can_be_told_apart():
    make_run(name="Twin"), make_run(name="Twin")
    options = model_box(open_page("playground")).options
    assert len(set(options)) == len(options) >= 2


def test_a_seed_text_of_ones_own_stays_when_the_model_changes():
    first, second = make_run(name="First"), make_run(name="Second")
    app = open_page("playground", model=first.id)
    assert app.text_area(key="seed_text").value == "the "
    app.text_area(key="seed_text").set_value("fox").run()
    model_box(app).set_value(second.id).run()
    assert app.text_area(key="seed_text").value == "fox" and not app.exception


def test_characters_that_the_model_does_not_know_are_named():
    app = open_page("playground", model=make_run().id, seed_text="Zürich €")
    said = shown(app).replace("\\", "")
    assert "This model can read 62.5% of the prompt (5 of 8 characters)" in said
    assert "U+20AC EURO SIGN (€, once, 12.5%)" in said
    assert [warning.value[:10] for warning in app.warning] == ["This model"]


def test_one_unknown_character_among_many_is_no_warning():
    app = open_page("playground", model=make_run().id, seed_text="the quick brown fox €")
    assert "can read 95.2% of the prompt" in shown(app).replace("\\", "") and not app.warning
    app = open_page("playground", model=make_run().id, seed_text="the quick brown fox")
    assert "can read" not in shown(app)


def test_the_dice_give_another_seed():
    app = press(open_page("playground", model=make_run().id, seed="7"), "New random seed")
    assert app.number_input(key="playground.seed").value != 7 and not app.exception


def test_earlier_results_can_be_gone_back_to():
    run = make_run()
    app = press(open_page("playground", model=run.id, **SHORT), "Generate")
    first = codes(app)
    app.number_input(key="playground.seed").set_value(8).run()
    assert codes(app) == first and shown(app).count("outdated") == 3
    press(app, "Generate")
    assert codes(app) != first and "outdated" not in shown(app)
    app.segmented_control(key="mode").set_value("temperature sweep").run()
    press(app, "Generate")
    assert len(app.session_state["history"]) == 3
    assert "history-2" not in [button.key for button in app.button]
    open_popover(app, "history_popover")
    app.button(key="history-2").click().run()
    assert codes(app) == first and app.number_input(key="playground.seed").value == 7 and not app.exception
    assert app.segmented_control(key="mode").value == "samples"
    for seed in range(12):
        app.number_input(key="playground.seed").set_value(seed)
        press(app, "Generate")
    assert len(app.session_state["history"]) == 10


def test_what_is_copied_is_counted_and_found(monkeypatch):
    corpus = "once upon\na time the quick brown fox.\n"
    monkeypatch.setattr(models, "corpus_text", lambda config: corpus)
    corpus_index._INDEXES.clear()
    app = press(open_page("playground", model=make_run().id, **SHORT), "Generate")
    assert re.search(r"bits per character · 0% copied$", shown(app).replace("\\", ""), re.M)
    result = written(app)
    result.samples[0].text = "xx the quick brown fox.\nxx"  # what no tiny model writes
    result.samples[0].probabilities = [0.5] * 26
    result.compared.clear()
    found = copied_passages.compare(result, 0)
    assert "85% copied, longest 22 characters" in shown(app.run()).replace("\\", "")
    assert copied_passages.in_words(found) == (
        "Copied: 85% in passages of 16 or more and 0% in passages of 32 or more characters. "
        "The longest passage that is in the training text: 22 characters."
    )
    assert copied_passages.rows(found, result.samples[0]) == {
        "characters": [22],
        "passage": ["·the·quick·brown·fox.↵"],
        "line": [2],
        "text before the match": ["once·upon↵a·time"],
        "text after the match": [""],
    }
    data = json.loads(json.dumps(downloads.as_data(result, compare=True)))
    assert data["samples"][0]["share_copied"] == pytest.approx({"8": 22 / 26, "16": 22 / 26, "32": 0})
    assert data["samples"][0]["longest_copied"] == 22
    assert data["samples"][0]["bits_a_character"] == 1
    assert data["settings"]["seed"] == 7 and data["samples"][0]["model"]["digest"]
    assert downloads.as_text(result).startswith("--- Sample 1 ---\nthe xx the quick")
    corpus_index._INDEXES.clear()


def test_samples_follow_the_temperature_and_nothing_else():
    app = press(open_page("playground", model=make_run().id, **SHORT), "Generate")
    first, drawn = codes(app), len(app.session_state["history"])
    for temperature in (1.5, 1.0, 0.3):
        app.slider(key="playground.temperature").set_value(temperature).run()
        assert written(app).request.config.temperature == temperature and "outdated" not in shown(app)
    assert codes(app) != first and len(app.session_state["history"]) == drawn + 1  # the last of them only
    app.slider(key="playground.temperature").set_value(0.8).run()
    assert codes(app) == first
    app.number_input(key="playground.top_k").set_value(3).run()
    assert codes(app) == first and shown(app).count("outdated") == 3
    app.number_input(key="playground.top_k").set_value(0).run()
    assert codes(app) == first and "outdated" not in shown(app)


def test_samples_that_took_long_do_not_follow_the_temperature():
    app = press(open_page("playground", model=make_run().id, **SHORT), "Generate")
    first = codes(app)
    written(app).seconds = 3.0
    app.slider(key="playground.temperature").set_value(1.5).run()
    assert codes(app) == first and shown(app).count("outdated") == 3
    assert shown(app).count("Press Generate to update") == 3


def test_settings_fold_to_a_line_that_says_them():
    run = make_run(name="Mine")
    app = open_page("playground", model=run.id, seed_text="the quick brown fox jumps over the lazy dog", top_k="4")
    labels = [button.label for button in app.button]
    assert "Fold the settings" in labels
    labels = [button.label for button in press(app, "Generate").button]
    line = "Mine · “the quick brown fox jumps over the lazy …” · 3 samples of 300 characters · top-k 4"
    assert plain(f"{line} · random seed 1") in labels and "Fold the settings" not in labels
    without = open_page("playground", model=run.id, seed_text="", write="1", length="10")
    assert any(b.label.endswith("· 3 samples of 10 characters · random seed 1") for b in without.button)
    assert not any("“”" in button.label for button in without.button)


def test_folded_settings_name_all_models_that_are_compared():
    run = make_run(name="Mine")
    write_epochs(run)
    link = {"mode": "side by side", "model": run.id, "beside": "best-gru,epoch-001"}
    app = press(open_page("playground", **link, seed_text="the ", length="20"), "Generate")
    beginning = plain("Mine, Best GRU (10 minutes), Mine, epoch 1 · “the” · 20 characters")
    assert not app.exception and any(button.label.startswith(beginning) for button in app.button)


def test_the_line_of_a_new_link_names_the_model_that_the_page_chose():
    app = open_page("playground", write="1", length="10")
    assert any(button.label.startswith(plain("Best GRU (10 minutes) · “")) for button in app.button)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("To be,\nor not", "To·be,↵or·not"),
        ("ROMEO:\n" + "O, speak again " * 5, "ROMEO:↵" + "O,·speak·again·" * 4 + "O,·…"),
        ("x" * 71, "x" * 70 + "…"),
    ],
)
def test_the_explainers_line_cuts_a_text_between_words(text, beginning):
    assert text_strip.said(models.load(make_run().id), None, text) == f"tiny reads “{beginning}”"


@pytest.mark.parametrize("shade", ["surprise", "probability", "copied"])
def test_coloured_samples_and_no_training_text(shade):
    app = press(open_page("playground", model=make_run().id, **SHORT | {"shade": shade}), "Generate")
    assert not app.exception and not app.error and not codes(app)
    assert "bits per character · copied: unknown" in shown(app).replace("\\", "")


def test_samples_coloured_by_probability_are_in_per_cent():
    app = press(open_page("playground", model=make_run().id, **SHORT | {"shade": "probability"}), "Generate")
    drawn = given(app, "sample-0")
    assert drawn["unit"] == "% probability"
    assert [words for _, words in drawn["swatches"]] == ["100%", "75%", "50%", "25%", "0%"]
    expected = [100 * value for value in written(app).samples[0].probabilities]
    assert drawn["values"][-30:] == pytest.approx(expected, abs=0.001)


def test_a_stop_leaves_what_is_there_and_a_change_begins_again():
    app = open_page("playground", model=make_run().id, **SHORT)
    app.session_state["writing"] = True  # as a script leaves it that is cut off by a moved slider
    app.slider(key="playground.temperature").set_value(1.5).run()
    assert written(app).request.config.temperature == 1.5 and not app.session_state["writing"]
    for sample in written(app).samples:
        sample.text = sample.text[:10]
    app.session_state["writing"] = False  # as Stop leaves it, which tests/browser/test_playground.py presses
    app.slider(key="playground.temperature").set_value(0.5).run()
    assert written(app).request.config.temperature == 1.5 and "outdated" in shown(app)


def test_stop_cannot_be_pressed_where_nothing_is_generated():
    app = open_page("playground", model=make_run().id, **SHORT)

    def is_disabled():
        (stop,) = [button for button in app.button if button.label == "Stop"]
        return stop.disabled

    assert is_disabled()
    press(app, "Generate")
    assert is_disabled() and codes(app)
    app.slider(key="playground.temperature").set_value(1.5).run()  # the text follows
    assert is_disabled()


def test_a_prompt_is_read_in_the_form_that_the_alphabet_has_and_that_is_said():
    run = make_run(text="grün und schön.\n")
    app = open_page("playground", model=run.id, seed_text="scho\u0308n")
    assert not app.exception and "reads accents in the form" in shown(app)
    assert "can read" not in shown(app)
    app.checkbox(key="playground.accents").set_value(False).run()
    assert not app.exception and "can read" in shown(app)
    assert app.query_params["accents"] == "False" and "--no-normalise" in commands(app)[0]
    press(app, "Generate")
    model = models.load(run.id)
    steps = generate(model.predictor, model.vocab, "scho\u0308n", written(app).request.config)
    assert [sample.text for sample in written(app).samples] == texts(steps, model.vocab)
    app = open_page("playground", model=run.id, seed_text="schön")
    assert "reads accents in the form" not in shown(app)


@pytest.mark.parametrize(("index", "step"), [(7, 6), (9, 8), (4, 3)])
def test_a_character_is_explained_where_the_model_read_it(index, step):
    """The prompt is a character longer as it was typed."""
    run = make_run(text="grün und schön.\n")
    app = press(open_page("playground", model=run.id, seed_text="scho\u0308n ", length="30"), "Generate")
    app.session_state["explain_place"] = (0, index)
    app.run()
    assert not app.exception
    text = "schön " + written(app).samples[0].text
    assert app.session_state["text"] == text and app.session_state["step"] == step
