"""One model read in three ways: the arrays of the pages, `explain --json`, and the exported file in Keras."""

import json

import numpy as np
import pytest

from charlab import cli
from charlab.core.reading import Reading, explain
from charlab.runs import models
from helpers.tiny import make_run

TEXTS = {
    "ascii": "the quick brown fox, said he.",
    "unicode with unknown characters": "the fóx Ω 🦊 שלום e\u0301 fox",
    "one character": "q",
    "5,000 characters": ("the quick brown fox.\n" * 240)[:5000],
    "only newlines": "\n" * 40,
}
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A tiny run and its export as Keras loads it: (model, Keras model)."""
    import keras

    from charlab.training import export_keras

    folder = tmp_path_factory.mktemp("agreement")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHARLAB_RUNS", str(folder))
        run = make_run()
    model = models.load(str(run.path))
    export_keras.write_keras(folder / "tiny.keras", model.config.model, model.vocab, run.weights("best"))
    return model, keras.saving.load_model(folder / "tiny.keras")


def by_command_line(model: models.Model, text: str, capsys) -> tuple[np.ndarray, float]:
    """What `explain --json` prints: probabilities [T, V] and bits per character, NaN where it has none."""
    command = ["explain", model.name, "--text", text, "--top", str(len(model.vocab)), "--json"]
    command += ["--no-normalise"]  # the text as it is, letters with marks apart
    assert cli.main(command) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "".join(step["character"] for step in said["steps"]) == text
    ids = {character: i for i, character in enumerate(model.vocab.characters)} | {None: model.vocab.unknown_id}
    probabilities = np.full((len(text), len(model.vocab)), np.nan)
    for step in said["steps"]:
        for character, probability in step["top"]:
            probabilities[step["position"], ids[character]] = probability
    mean = said["bits_per_character"]
    return probabilities, np.nan if mean is None else mean


def by_keras(keras_model, model: models.Model, text: str) -> np.ndarray:
    ids = model.vocab.encode(text)[None].astype("int32")
    logits = keras_model.predict(ids, verbose=0)[0].astype(float)  # compiled: a call would step in Python
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("name", TEXTS)
def test_page_command_line_and_keras_agree(name, asked, capsys):
    model, keras_model = asked
    text = TEXTS[name]
    reading: Reading = explain(model.predictor, model.vocab, text)  # what the page draws
    assert reading.probabilities.shape == (len(text), len(model.vocab))
    assert np.isfinite(reading.probabilities).all()  # NaN would agree with NaN
    printed, mean = by_command_line(model, text, capsys)
    np.testing.assert_allclose(printed, reading.probabilities, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(mean, reading.mean_bits, rtol=0, atol=TOLERANCE)
    assert np.isnan(mean) == (len(text) == 1)  # nothing follows a single character
    np.testing.assert_allclose(by_keras(keras_model, model, text), reading.probabilities, rtol=0, atol=TOLERANCE)


def test_another_models_probabilities_would_be_noticed(asked):
    model, keras_model = asked
    other = models.load(model.name, "last")
    reading = explain(other.predictor, other.vocab, TEXTS["ascii"])
    assert np.abs(by_keras(keras_model, model, TEXTS["ascii"]) - reading.probabilities).max() > 100 * TOLERANCE
