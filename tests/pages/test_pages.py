"""Every page, run by Streamlit's own test harness on the router; what needs a browser is in tests/browser."""

import itertools
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from charlab.core import reading
from charlab.runs import models
from helpers.pages import PAGES, ROOT, model_box, open_page, open_popover, shown
from helpers.runs import all_runs
from helpers.slow_tests import one_in, slow
from helpers.tiny import make_run


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("with_run", [False, True], ids=["empty", "with a run"])
def test_every_page_opens(name, with_run):
    if with_run:
        make_run()
    app = open_page(name)
    assert not app.exception and not app.error
    assert app.title or app.header


@pytest.mark.parametrize("name", PAGES)
def test_a_broken_page_would_be_noticed(name, monkeypatch):
    """The harness sees what a page raises; otherwise the test above could not fail."""
    from charlab.runs import models, watch

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(models, "available_models", broken)
    monkeypatch.setattr(watch, "listing", broken)
    assert open_page(name).exception


def test_no_page_loads_tensorflow():
    program = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
from helpers.pages import PAGES, open_page
for name in PAGES:
    app = open_page(name)
    assert not app.exception and not app.error, name
loaded = sorted(name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras"))
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


def test_starting_makes_a_run_with_the_settings_of_the_page():
    app = open_page("train")
    app.selectbox(key="corpus").set_value("coin-flips")
    app.selectbox(key="preset").set_value("custom").run()
    open_popover(app, "advanced")
    app.number_input(key="custom.units").set_value(24)
    app.slider(key="epochs.custom").set_value(2).run()
    (start,) = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception and not app.error
    (run,) = all_runs()
    config = run.config()
    assert (config.corpus, config.model.units, config.train.epochs) == ("coin-flips", 24, 2)
    assert run.status().state == "queued"


def test_a_start_makes_one_plan_and_reads_no_text_again(monkeypatch):
    from charlab.corpora import catalogue
    from charlab.runs import limits, plan

    app = open_page("train", corpus="coin-flips", preset="quick-gru")
    app.session_state["feeding"] = True
    app.run()
    calls = []
    for module, name in ((limits, "within_cap"), (plan, "fit_to_text"), (plan, "make_vocab"), (catalogue, "load")):
        whole = getattr(module, name)
        counted = lambda *a, name=name, whole=whole, **k: (calls.append(name), whole(*a, **k))[1]  # noqa: E731
        monkeypatch.setattr(module, name, counted)
    (start,) = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception and len(list(all_runs())) == 1
    assert sorted(calls) == ["fit_to_text", "within_cap"]


@pytest.mark.parametrize(
    ("preset", "tab"),
    one_in(
        3,
        itertools.product(
            ["quick-gru", "chapter16-stateless", "cloud-tpu-lstm", "mini-gpt", "ngram"],
            ["One batch", "Text", "Network", "Training time"],
        ),
    ),
)
def test_what_a_model_is_fed_is_shown_before_the_start(preset, tab):
    app = open_page("train", corpus="coin-flips", preset=preset)
    app.session_state["feeding"] = True
    app.session_state["feeding.tab"] = tab
    app.run()
    assert not app.exception and not app.error
    words = {
        "One batch": "goes through the text once" if preset == "ngram" else "shifted by one character",
        "Text": "500,000 characters, 2 distinct",
        "Network": "no layers" if preset == "ngram" else "parameters",
        "Training time": "epoch has" if preset != "ngram" else "once, which takes seconds",
    }
    assert words[tab] in shown(app)
    assert shown(app).replace("\\", "").count("500 k characters, 2 distinct") == 1


def test_of_a_text_that_is_not_here_it_is_said_and_nothing_is_downloaded(monkeypatch):
    from charlab.corpora import catalogue
    from pages.parts.train import preview

    preview._source.clear()  # other tests have read the text

    def no_network(*_):
        raise AssertionError("downloads")

    monkeypatch.setattr(catalogue.downloads, "fetch", no_network)
    monkeypatch.setattr(catalogue.downloads, "find", lambda _: (None, ()))
    app = open_page("train", corpus="shakespeare")
    app.session_state["feeding"] = True
    app.run()
    assert not app.exception and not app.error
    assert "not on this machine yet" in shown(app)
    assert shown(app).replace("\\", "").count(
        "1.1 M characters, 65 distinct"
    ) == 1 and "0.43 M parameters" in shown(app)


def test_a_text_that_is_not_here_is_downloaded_at_the_start_and_planned_as_it_is(monkeypatch):
    from charlab.corpora import catalogue
    from pages.parts.train import preview

    preview._source.clear()  # other tests have read the text

    monkeypatch.setattr(catalogue.downloads, "find", lambda _: (None, ()))
    monkeypatch.setattr(catalogue.downloads, "fetch", lambda _: (b"abcdefgh\n" * 300, ()))
    app = open_page("train", corpus="shakespeare", preset="quick-gru")
    (start,) = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception and not app.error
    (run,) = all_runs()
    config = run.config()
    assert len(run.vocab()) == 10 and config.corpus_sha256 == catalogue.load("shakespeare").sha256
    assert config.train.seed_text == "abcdefgh\n"
    assert config.train.batch_size < 64
    assert [note for note in config.notes if "The batch size was lowered" in note]


def test_settings_that_contradict_each_other_are_told_before_a_start():
    app = open_page("train", corpus="coin-flips", preset="mini-gpt")
    open_popover(app, "advanced")
    app.number_input(key="mini-gpt.heads").set_value(3).run()
    assert "cannot be divided among 3 heads" in app.error[0].value
    (start,) = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception and not list(all_runs())


def test_a_model_writes_on_the_playground():
    make_run()
    app = open_page("playground")
    app.number_input(key="samples").set_value(2)
    app.number_input(key="length").set_value(50)
    app.text_area(key="seed_text").set_value("the ").run()
    (write,) = [button for button in app.button if button.label == "Generate"]
    write.click().run()
    assert not app.exception
    *texts, command = [element.value for element in app.code]
    assert command.startswith("python -m charlab generate")
    assert len(texts) == 2 and all(text.startswith("the ") and len(text) == 54 for text in texts)
    write = next(button for button in app.button if button.label == "Generate")
    write.click().run()
    assert [element.value for element in app.code] == [*texts, command]


@pytest.mark.parametrize("text", ["a", "the quick", "\n\n\n", "<b>&amp;</b> $x$ :smile: #", "x" * 5000])
def test_any_text_is_explained(text):
    make_run()
    app = open_page("explainer")
    app.text_area(key="text").set_value(text).run()
    assert not app.exception and not app.error


@pytest.mark.parametrize("kind", ["gru", slow("transformer")])
@pytest.mark.parametrize("view", ["read", "write with it", "inside", "over training"])
def test_every_view_of_a_text_opens_and_stands_in_the_link(kind, view):
    run = make_run(kind)
    run.write_weights(run.weights("last"), "epoch-001")
    run.write_weights(run.weights("best"), "epoch-002")
    other = make_run("lstm", name="other")
    app = open_page("explainer")
    model_box(app).set_value(run.id).run()
    app.selectbox(key="other").set_value(other.id).run()
    app.pills(key="view").set_value(view).run()
    assert not app.exception and not app.error
    assert app.query_params["view"] == view and app.query_params["other"] == other.id
    assert ("epoch" in app.query_params) == (view == "over training")


@pytest.mark.parametrize("step", [0, 1, 9, 10])
def test_every_position_of_a_text_can_be_chosen_with_everything_open(step):
    make_run()
    app = open_page("explainer", text="the quick\n", step=str(step))
    for key in ("counts", "in_corpus", "steps_table"):
        app.session_state[key] = True
    app.run()
    assert not app.exception and not app.error
    assert app.session_state.step == step


def test_the_counts_of_an_n_gram_model_agree_with_its_training_text():
    from charlab.core import ngram
    from charlab.core.config import ModelConfig, TrainConfig
    from charlab.core.vocab import Vocab
    from charlab.corpora import catalogue
    from charlab.runs import store

    text = catalogue.load("coin-flips")
    vocab = Vocab.from_text(text.text)
    model, train = ModelConfig(kind="ngram", order=3), TrainConfig(seed_text="")
    run = store.create(store.RunConfig("counts", "ngram", "coin-flips", text.sha256, model, train), vocab)
    run.write_weights(ngram.count(vocab.encode(text.text), len(vocab), 3), "best")
    written = text.text[:12]
    app = open_page("explainer", model=run.id, text=written, step="6")
    for key in ("counts", "in_corpus"):
        app.session_state[key] = True
    app.run()
    assert not app.exception and not app.error
    counted, followed = [element.value for element in app.dataframe][:2]
    names = list(counted.columns)
    assert names[0] == "character" and names[-1] == "in the whole text" and len(names) == 4
    for character, count in zip(counted["character"], counted[names[1]], strict=True):
        ways = [
            place for place in range(len(text.text) - 2) if text.text.startswith(written[4:6] + character, place)
        ]
        assert count == len(ways)
    assert followed["in the text, %"].sum() == pytest.approx(100, abs=0.1)
    assert list(followed["actual"]).count("actual") == 1
    assert "seen at least 5 times" in shown(app)


def test_two_alphabets_are_compared_on_what_both_have():
    one, two = make_run(name="one"), make_run("lstm", name="two", text="the fox.\n")
    app = open_page("explainer", model=one.id, other=two.id, text="the quick fox")
    assert not app.exception and not app.error
    assert "Their alphabets differ" in shown(app)
    assert "on the 7 characters that both models can score" in shown(app)
    assert "left out" in shown(app)


def test_an_empty_text_is_answered_with_three():
    make_run()
    app = open_page("explainer", text="x")
    app.text_area(key="text").set_value("").run()
    offered = [button for button in app.button if button.label == "Read this"]
    assert len(offered) == 3
    offered[1].click().run()
    assert not app.exception and app.text_area(key="text").value.startswith("the crown")


def test_a_link_sets_the_page():
    run = make_run(name="Mine")
    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=60)
    app.run()
    app.switch_page("playground.py")
    for key, value in {"model": run.id, "temperature": "1.5", "samples": "99", "top_k": "nonsense"}.items():
        app.query_params[key] = value
    app.run()
    assert model_box(app).value == run.id
    assert app.slider(key="playground.temperature").value == 1.5
    assert app.number_input(key="samples").value == 16
    assert app.number_input(key="playground.top_k").value == 0


@pytest.mark.parametrize("name", ["quick-gru", "mini-gpt", "ngram", "cloud-tpu-lstm", "custom"])
def test_every_setting_of_a_preset_is_open_and_starts_a_run_as_it_stands(name):
    from charlab.runs.presets import preset

    app = open_page("train")
    app.selectbox(key="corpus").set_value("coin-flips")
    app.selectbox(key="preset").set_value(name).run()
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception and not app.error
    (run,) = all_runs()
    config = run.config()
    assert config.model == preset(name).model
    budget = {"epochs": config.train.epochs, "minutes": config.train.minutes, "seed_text": config.train.seed_text}
    assert config.train == preset(name).train.replace(**budget)


def test_a_changed_setting_reaches_the_run():
    app = open_page("train")
    app.selectbox(key="corpus").set_value("coin-flips")
    app.selectbox(key="preset").set_value("custom").run()
    open_popover(app, "advanced")
    app.selectbox(key="custom.kind").set_value("transformer").run()
    app.selectbox(key="custom.optimizer").set_value("adamw")
    app.number_input(key="custom.clip_norm").set_value(0.5)
    app.number_input(key="custom.heads").set_value(2).run()
    next(button for button in app.button if button.label == "Start").click().run()
    assert not app.exception and not app.error
    config = next(all_runs()).config()
    assert (config.model.kind, config.model.heads) == ("transformer", 2)
    assert (config.train.optimizer, config.train.clip_norm) == ("adamw", 0.5)


def unescaped(app) -> str:
    """What is shown, without the backslashes that keep Markdown out of it."""
    return shown(app).replace("\\", "")


def test_the_explainer_reads_letters_in_the_form_that_the_alphabet_has_and_says_so():
    run = make_run(text="grün und schön.\n")
    app = open_page("explainer", model=run.id, text="scho\u0308n")
    assert not app.exception and "reads accents in the form" in shown(app)
    assert "can read" not in shown(app)
    app.checkbox(key="explainer.accents").set_value(False).run()
    assert not app.exception and "reads accents in the form" not in shown(app)
    assert "can read" in shown(app)
    assert app.query_params["accents"] == "False" and app.query_params["text"] == "scho\u0308n"
    app = open_page("explainer", model=run.id, text="schön")
    assert not app.exception and "reads accents in the form" not in shown(app)


def test_each_of_two_models_reads_a_text_in_the_form_of_its_own_alphabet():
    one = make_run(text="grün und schön.\n", name="composed")
    two = make_run("lstm", text="gru\u0308n und scho\u0308n.\n", name="apart")
    app = open_page("explainer", model=one.id, other=two.id, text="schön und", view="read")
    assert not app.exception and not app.error
    model = models.load(two.id)
    own = reading.explain(model.predictor, model.vocab, "scho\u0308n und")
    assert f"apart: mean surprise {own.mean_bits:.2f} bits per character" in unescaped(app)
    assert "in different forms" in shown(app) and "can read" not in shown(app)
    assert "on the 7 characters that both models" in shown(app)
