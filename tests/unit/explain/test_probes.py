"""Features of a text, and that the units which track them are found, and no others."""

import numpy as np
import pytest

from charlab.core.predictor import build_predictor
from charlab.errors import CharlabError
from charlab.explain import probes
from charlab.explain.probes import Unit
from charlab.runs import models
from helpers.tiny import TINY, random_weights

PLAY = (
    'KATE:\nWho\'s there? "Come in", I say.\n\nSecond Guard:\nNobody, my lady: the wind, the rain.\n\n'
    "KATE:\nThen let them in. One, two; I count to 10 and 200.\n"
)


def marked(name, text=PLAY):
    """The characters of a text that a feature marks, the others as a dot."""
    values = probes.features(text)[name]
    assert len(values) == len(text) and set(values) <= {0, 1}
    return "".join(character if value else "." for character, value in zip(text, values, strict=True))


def test_features_mark_what_their_names_say():
    first = PLAY.index("\n\n")
    assert marked("inside a word")[:first] == "KATE..Who's.there...Come.in...I.say."
    assert marked("capital letter")[:first] == "KATE..W.............C.........I....."
    assert marked("vowel")[:first] == ".A.E....o.....e.e....o.e.i....I..a.."
    assert marked("inside quotation marks")[:first] == '..................."Come in.........'
    assert marked("end of a sentence").count(".") < len(PLAY) and marked("digit").strip(".") == "10.....200"
    assert marked("just after a newline").replace(".", "") == "\n" * PLAY.count("\n")


def test_a_speakers_name_is_a_line_of_a_name_and_a_colon():
    assert marked("inside a speaker's name").replace(".", "") == "KATE:Second Guard:KATE:"


def test_numbers_count_from_where_they_should():
    features = probes.features("ab, c'd 'e'\n\nfgh\nij\n" * 3)
    assert features["letters of the word so far"][:12].tolist() == [1, 2, 0, 0, 1, 2, 3, 0, 0, 1, 0, 0]
    assert features["position in the line"][:17].tolist() == [*range(1, 12), 0, 0, 1, 2, 3, 0]


def test_a_quotation_that_is_never_closed_ends_with_its_paragraph():
    text = 'She said "no and left.\n\nNothing more was said by anyone that day.\n'
    assert marked("inside quotation marks", text) == '........."no and left.\n' + "." * (len(text) - 23)


@pytest.mark.parametrize("text", ["", "a", "aaaa", "\n" * 50, "e\u0301\u200f<b>", "\ud800 lone", "日本語"])
def test_features_of_any_text_vary_or_are_left_out(text):
    for values in probes.features(text).values():
        assert len(values) == len(text) and np.isfinite(values).all() and values.min() < values.max()


def test_correlation_is_pearsons():
    rng = np.random.default_rng(0)
    values, wanted = rng.normal(size=(50, 4)).astype(np.float32), rng.normal(size=(50, 3))
    wanted[:, 0] = 3 - 2 * values[:, 1]
    values[:, 3] = 7  # never changes
    r = probes.correlations(values, wanted)
    assert r.shape == (4, 3) and r[1, 0] == pytest.approx(-1, abs=1e-6)
    for u in range(3):
        for f in range(3):
            assert r[u, f] == pytest.approx(np.corrcoef(values[:, u], wanted[:, f])[0, 1], abs=1e-6)
    assert (r[3] == 0).all()


def made_activations(text, seed=0):
    """Activations of noise in which one unit tracks capitals and another, with a negative sign, the line."""
    rng = np.random.default_rng(seed)
    features = probes.features(text)
    names = ("layer_0/hidden", "layer_1/hidden", "layer_1/update")
    activations = {name: rng.normal(0, 0.1, (len(text), 30)) for name in names}
    activations["layer_1/hidden"][:, 7] += features["capital letter"]
    activations["layer_0/hidden"][:, 3] -= features["position in the line"]
    activations["layer_1/update"][:, 0] = features["capital letter"]  # a gate is not a state
    return activations


def test_the_units_that_track_a_feature_are_found_and_stand_out_from_chance():
    matches = {match.feature: match for match in probes.best_units(made_activations(PLAY), PLAY)}
    unit, r = matches["capital letter"].units[0]
    assert unit == Unit("hidden", 1, 7) and r > 0.9 > matches["capital letter"].by_chance
    unit, r = matches["position in the line"].units[0]
    assert unit == Unit("hidden", 0, 3) and r < -0.9
    for match in matches.values():
        sizes = [abs(r) for _, r in match.units]
        assert sizes == sorted(sizes, reverse=True)
    others = [matches[name] for name in ("vowel", "space", "punctuation mark")]
    assert np.mean([abs(o.units[0][1]) / o.by_chance for o in others]) < 1.3  # no unit tracks these


def test_the_features_that_one_unit_tracks():
    activations = made_activations(PLAY)
    tracked = probes.correlate(activations["layer_1/hidden"][:, 7], PLAY)
    assert next(iter(tracked)) == "capital letter" and set(tracked) == set(probes.features(PLAY))
    (best,) = [f for f in probes.best_units(activations, PLAY) if f.feature == "capital letter"]
    assert tracked["capital letter"] == pytest.approx(best.units[0][1])
    assert probes.correlate(np.zeros(3), "aaa") == {}


def test_a_short_text_ranks_nothing():
    text = PLAY[: probes.MIN_CHARACTERS - 1]
    assert probes.best_units({"layer_0/hidden": np.ones((len(text), 5))}, text) == []
    assert probes.best_units({"block_0/attention": np.ones((2, len(PLAY), len(PLAY)))}, PLAY) == []


def test_a_unit_has_one_name():
    unit = Unit("cell", 1, 36)
    assert Unit.parse(unit.name) == unit and unit.name == "cell-2-37" and unit.label == "layer 2, cell, unit 37"
    for wrong in (
        "",
        "hidden",
        "hidden-0-1",
        "hidden-1-0",
        "update-1-1",
        "hidden-1-1e9",
        "hidden-1-９",
        "hidden-1-1\n",
    ):
        with pytest.raises(CharlabError, match="Received"):
            Unit.parse(wrong)


def test_columns_and_layers_of_activations(tiny, vocab):
    config, predictor = tiny
    activations = predictor.activations(np.arange(20) % len(vocab))
    if config.kind == "transformer":
        assert not probes.states(activations) and len(probes.attention(activations)) == 2
        return
    assert not probes.attention(activations)
    unit = Unit("hidden", 0, 3)
    assert probes.column(activations, unit).tolist() == activations["layer_0/hidden"][:, 3].tolist()
    assert (
        probes.column(activations, Unit("hidden", 0, 16)) is None
        and probes.column(activations, Unit("hidden", 9, 0)) is None
    )
    layer = probes.of_layer(activations, 0, 5)
    assert layer["candidate"].tolist() == activations["layer_0/candidate"][5].tolist()
    assert list(layer)[-1] in ("hidden", "cell") and list(layer)[0] not in ("hidden", "cell")


def test_a_window_holds_the_position_and_what_was_in_the_context(vocab):
    config = TINY["transformer"]
    predictor = build_predictor(config, len(vocab), random_weights(config, len(vocab)))
    for position in range(100):
        part = probes.context_window(predictor, 100, position)
        assert position in part and len(part) <= config.context and part.start == predictor.oldest(position)
    gru = build_predictor(TINY["gru"], len(vocab), random_weights(TINY["gru"], len(vocab)))
    assert probes.context_window(gru, 100, 7) == range(100)


def test_where_a_head_attends():
    weights = np.array([[1.0, 0, 0, 0], [0.25, 0.75, 0, 0], [0, 0, 1, 0], [0.5, 0.25, 0.0, 0.25]])
    assert probes.attention_summaries(weights).tolist() == [[0, 1, 0], [1, 0.75, 0.25], [2, 1, 0], [0, 0.5, 2]]


def test_the_built_in_model_has_units_that_track_a_feature():
    """What docs/hidden-units.md shows also holds for another text, whichever unit it is."""
    model = models.load("quick-gru")
    text = PLAY + (
        "\nSecond Guard:\nSo many? The hall is full of geese and none of them has paid.\nShall I go out again?\n"
        "\nKATE:\nNo.\n\nFirst Guard:\nMadam, there is a bear at the gate who says that he knows your uncle,\n"
        "And he will not sit down.\n"
    )
    activations = model.predictor.activations(model.vocab.encode(text).astype(np.int64))
    best = probes.best_units(activations, text)[0]
    assert abs(best.units[0][1]) > max(0.6, best.by_chance)
