"""What the validation set measures, on the Train page: before Start, in the preview and under a run's chart."""

import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, uploads
from charlab.runs import plan, store, validation
from charlab.training.train import train_run
from helpers import cases
from helpers.pages import live, open_page, open_popover, shown
from helpers.runs import all_runs
from pages.parts.shared.page_words import in_page_words


@pytest.fixture
def names() -> str:
    return catalogue.store(uploads.read_pasted(cases.names_sorted(), "Names"))


def plain(elements) -> str:
    return "\n".join(element.value for element in elements).replace("\\", "")


def test_before_start_the_split_is_advised_and_can_be_chosen(names):
    app = open_page("train", corpus=names, preset="ngram")
    assert "The validation set (the last 10% of the text) differs from the rest" in plain(app.warning)
    assert "Set the split to lines" in plain(app.warning)
    open_popover(app, "advanced").selectbox(key="ngram.split").set_value("lines").run()
    assert not app.exception and not app.warning
    next(button for button in app.button if button.label == "Start").click().run()
    [run] = all_runs()
    assert run.config().train.split == "lines" and run.config().notes == ()


def test_a_split_that_the_text_has_not_is_refused_before_start():
    text = catalogue.store(uploads.read_pasted(cases.sentences(9_000)))
    app = open_page("train", corpus=text, preset="ngram")
    open_popover(app, "advanced").selectbox(key="ngram.split").set_value("lines").run()
    assert "1 line in 9,000 characters" in plain(app.error)
    assert "Set the split to end or blocks" in plain(app.error)


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("end", "Grey: the validation set, the last 10% of the text."),
        ("lines", "chosen at random. Positions are those in the shuffled lines."),
        ("blocks", "Grey: the validation set, blocks spread evenly over the text, 10% of it."),
    ],
)
def test_the_preview_shows_what_is_held_out(names, split, words):
    app = open_page("train", corpus=names, preset="quick-gru", **{"quick-gru.split": split})
    app.session_state.feeding = True
    app.run()
    assert not app.exception
    assert words in shown(app).replace("\\", "")


def test_under_the_chart_the_same_is_said_once_and_the_figure_has_its_error(names):
    text = catalogue.load(names)
    planned = plan.plan_run(text, "ngram", ModelConfig(kind="ngram", order=4), TrainConfig())
    run = store.create(planned.config(), planned.text.known_vocab())
    with run.lock():
        train_run(run)
    app = open_page("train", run=run.id, corpus="markov")
    assert plain(app.warning).count("differs from the rest") == 1
    assert "differs from the rest" not in plain(app.info)
    last = run.events()[0][-2]
    assert last["val_error"] > 0
    [figure] = [figure for figure in live(app)["figures"] if figure["label"].startswith("Validation")]
    assert figure["error"] == f"± {last['val_error'] / 0.6931471805599453:.3f}"


def test_a_list_in_no_order_is_proposed_a_split_without_a_warning():
    lines = "".join(f"{k * 7919 % 10_007};{k * 104_729 % 997}\n" for k in range(1_000))
    name = catalogue.store(uploads.read_pasted(lines))
    app = open_page("train", corpus=name, preset="ngram")
    assert in_page_words(validation.LIST_PROPOSAL) in plain(app.info) and not app.warning


def imported_like(name: str, vocab: Vocab, model: ModelConfig, train: TrainConfig) -> store.Run:
    """A run that says it was trained on a text, as an imported one may, whatever its alphabet."""
    text = catalogue.load(name)
    run = store.create(store.RunConfig("Imported", "custom", name, text.sha256, model, train), vocab)
    run.write_status(store.Status("done"))
    return run


def test_an_imported_runs_alphabet_changes_nothing_that_is_said_of_others(names):
    split = TrainConfig(split="lines")
    first = imported_like(names, Vocab("ab"), ModelConfig(), TrainConfig())
    second = imported_like(names, Vocab("ab"), ModelConfig(), split)  # an alphabet without line ends
    for run, number in ((first, 1), (second, 0)):
        app = open_page("train", run=run.id, corpus="markov")
        assert not app.exception and not app.error
        assert plain(app.warning).count("differs from the rest") == number


@pytest.mark.parametrize("split", ["end", "lines", "blocks"])
def test_a_run_that_can_read_nothing_of_its_text_is_shown(split):
    chinese = catalogue.store(uploads.read_pasted("天地玄黃宇宙洪荒" * 400, "Characters"))
    model = ModelConfig(alphabet="code-points")
    run = imported_like(chinese, Vocab.from_code_points(), model, TrainConfig(split=split))
    app = open_page("train", run=run.id, corpus="markov")
    assert not app.exception and not app.error
    assert app.button(key=f"rename-{run.id}")  # what is under the chart too
