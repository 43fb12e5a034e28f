"""Position 1 is the first character: the place of one character is one number, wherever people read it."""

import csv
import io
import re

import numpy as np
import pytest

from charlab.cli import main
from charlab.core.display import named
from charlab.core.reading import explain
from charlab.explain import evidence
from charlab.export import reading_page
from charlab.runs import models
from helpers.pages import given, open_page, send, shown
from helpers.tiny import make_run

TEXT = "the quick brown fox.\n"


def said(words: str) -> str:
    """What Markdown makes of escaped words."""
    return words.replace("\\", "")


@pytest.fixture(name="read")
def _read():
    """A model, its reading of TEXT, and the index of the most surprising character, whose position is one more."""
    model = models.load(make_run(name="one").id)
    reading = explain(model.predictor, model.vocab, TEXT)
    return model, reading, reading.most_surprising(1)[0]


def test_buttons_headings_and_tables_of_the_page(read):
    model, reading, index = read
    app = open_page("explainer", model=model.name, text=TEXT, step=str(index - 1))
    chosen, words = given(app, "jumps")["jumps"][0]
    assert chosen == index and words.startswith(f"{index + 1}: ")  # the heading in a browser: test_explainer.py
    send(app, "bars", "moved", {"step": index, "temperature": 1, "top_k": 0, "top_p": 1})
    assert app.query_params["step"] == str(index)  # links keep the index, so that older ones open what they did
    app.session_state["steps_table"] = True
    app.run()
    rows = next(table.value for table in app.dataframe if "surprise, bits" in table.value.columns)
    assert list(rows["position"]) == list(range(2, len(TEXT) + 1))
    row = rows[rows["position"] == index + 1].iloc[0]
    assert row["character"] == named(TEXT[index])
    assert row["surprise, bits"] == pytest.approx(reading.bits[index - 1], abs=0.006)
    assert row["probability, %"] == pytest.approx(100 * reading.next_probabilities[index - 1], abs=0.006)


def test_counts_that_are_open_follow_the_reader():
    app = open_page("explainer", model="ngram", text=TEXT, step="3")
    app.session_state["counts"] = True
    app.run()
    counted = lambda: list(app.dataframe[0].value.columns)  # noqa: E731
    assert "after “the”" in counted() and given(app, "asks")["step"] == 3
    send(app, "asks", "moved", {"step": 9, "temperature": 1, "top_k": 0, "top_p": 1})
    assert "after “uick”" in counted() and given(app, "asks")["step"] == 9
    assert app.query_params["step"] == "9"


def test_what_a_grammar_allows_is_next_to_the_prediction_and_follows_the_reader():
    app = open_page("explainer", model="reber-gru", text="\nBPBTSSXXTVVEPE", step="13")
    app.session_state["grammar"] = True
    app.run()
    said = lambda: " ".join(caption.value for caption in app.caption).replace("\\", "")  # noqa: E731
    assert "the grammar allows P. To anything else, the model gives 0.1% in all." in said()
    rows = next(table.value for table in app.dataframe if "grammar, %" in table.value.columns).set_index(
        "character"
    )
    assert rows["grammar, %"].to_dict() == {c: 100 * (c == "P") for c in ("↵ newline", *"BEPSTVX")}
    assert rows.loc["P", "model, %"] == pytest.approx(99.9, abs=0.1) and rows.loc["P", "actual"] == "actual"
    send(app, "asks", "moved", {"step": 5, "temperature": 1, "top_k": 0, "top_p": 1})
    assert "the grammar allows S or X" in said() and "begin the text with a new line" not in said()
    app = open_page("explainer", model="reber-gru", text="BXB", step="2")
    app.session_state["grammar"] = True
    app.run()
    assert "not the beginning of a string of the grammar" in said()


def test_the_downloads(read):
    model, reading, index = read
    rows = csv.DictReader(io.StringIO(reading_page.steps_csv(reading, model.vocab), newline=""))
    row = next(row for row in rows if row["position"] == str(index + 1))
    assert row["character"] == f"“{named(TEXT[index])}”"
    assert float(row["bits"]) == pytest.approx(reading.bits[index - 1], rel=1e-5)
    page = reading_page.page_html("A model", "A text", reading, model.vocab)
    assert re.search(r'<td data-name="position">(\d+)</td>', page)[1] == str(index + 1)
    assert f'title="Position {index + 1}, “{named(TEXT[index])}”' in page


def test_two_models_and_the_units_of_one(read):
    model, reading, _ = read
    other = models.load(make_run("lstm", name="other").id)
    found = evidence.difference(reading, explain(other.predictor, other.vocab, TEXT))
    most = int(np.nanargmax(np.abs(found.bits))) + 1  # the index of the character
    app = open_page("explainer", model=model.name, other=other.name, text=TEXT)
    assert f"They differ most at position {most + 1}, by " in said(shown(app))
    app.session_state["difference_table"] = True
    app.run()
    rows = next(table.value for table in app.dataframe if "difference, bits" in table.value.columns)
    row = rows[rows["position"] == most + 1].iloc[0]
    assert row["character"] == named(TEXT[most])
    assert abs(row["difference, bits"]) == pytest.approx(np.nanmax(np.abs(found.bits)), abs=0.006)

    app = open_page("explainer", model=model.name, text=TEXT, view="inside", step="5")
    app.session_state["states_table"] = True
    app.run()
    states = next(table.value for table in app.dataframe if "character just read" in table.value.columns)
    assert list(states["position"]) == list(range(1, len(TEXT) + 1))
    assert list(states["character just read"]) == [named(character) for character in TEXT]


def test_what_is_written_step_by_step_counts_on_from_the_text(read):
    model, _, _ = read
    app = open_page("explainer", model=model.name, text=TEXT, view="write with it", walk="s1t1n3")
    data = given(app, "walk_view")
    assert data["length"] == len(TEXT) and len(data["path"]) == 3  # the browser counts on from there
    first_cell = data["strip"]["firstPosition"]
    assert first_cell + data["before"] == len(TEXT) + 1


def test_the_lines_of_the_command_line_and_the_index_of_its_document(read, capsys):
    model, _, index = read
    assert main(["explain", model.name, "--text", TEXT]) in (0, None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[index].split()[:2] == [str(index + 1), repr(TEXT[index])]
    assert main(["explain", model.name, "--text", TEXT, "--json"]) in (0, None)
    assert f'"position": {index}, "character": "{TEXT[index]}"' in capsys.readouterr().out
