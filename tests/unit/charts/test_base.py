import numpy as np
import pytest

from charlab.charts.base import character_axis, literal, window
from charlab.charts.distribution import bars_figure
from helpers.figures import ALPHABET, EVIL, loss_events, loss_figure, plain_json, texts


def all_figures(label, alphabet):
    model = np.full(len(alphabet), 1 / len(alphabet))
    return [
        loss_figure([{"label": label, "events": loss_events()}], reference_lines=[(label, 2.0)]),
        bars_figure(alphabet, model, np.where(np.arange(len(model)) == 0, 0, model), 1, label),
    ]


def test_nothing_from_people_or_models_is_obeyed_as_html():
    assert literal("<b>&amp;") == "&lt;b&gt;&amp;amp;"
    for figure in all_figures(EVIL, ["<", "&", ">", "a"]):
        drawn = list(texts(plain_json(figure)))
        assert drawn
        for text in drawn:
            for tag in ("<b>actual</b>", "<br>", "<extra>", "</extra>"):  # our own
                text = text.replace(tag, "")
            assert "<" not in text, text
            assert "&" not in text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", ""), text


def test_figures_are_plain_json_without_a_theme_and_with_titled_axes():
    for figure in all_figures("run", ALPHABET):
        data = plain_json(figure)
        assert data["layout"]["paper_bgcolor"] == data["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
        assert data["layout"]["uirevision"]
        assert "colorway" not in data["layout"].get("template", {}).get("layout", {})
        titled = [axis["title"].get("text") for name, axis in data["layout"].items() if name.startswith("xaxis")]
        assert titled and all(titled)


@pytest.mark.parametrize(
    ("length", "step", "first"), [(1000, 0, 0), (1000, 500, 450), (1000, 999, 900), (7, 3, 0)]
)
def test_a_window_holds_its_step_and_stays_within_the_text(length, step, first):
    assert window(length, step, 100) == range(first, min(length, first + 100))
    assert step in window(length, step, 100)


def test_a_right_to_left_label_stays_apart_and_nothing_turns_a_label():
    assert literal("\u202eabc") == "U+202Eabc"
    assert literal("a: بحر 3") == "\u2068a: بحر 3\u2069"
    assert literal("after \u2068بحر\u2069") == "\u2068after \u2068بحر\u2069\u2069"
    assert literal("\u2066\u2067x\u2069") == "U+2066U+2067xU+2069"


def test_columns_of_a_right_to_left_text_run_from_left_to_right_and_say_so():
    axis = character_axis("بحر", range(3), "character just read")
    assert axis["title"] == "character just read →"
    assert axis["ticktext"] == ["\u2068ب\u2069", "\u2068ح\u2069", "\u2068ر\u2069"]
    assert character_axis("sea", range(3), "character just read")["title"] == "character just read"
