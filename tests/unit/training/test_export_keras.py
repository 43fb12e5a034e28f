"""Exported networks, loaded by Keras and TensorFlow alone: the same logits and the same texts."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from charlab.core import generation, predictor
from charlab.core.config import ModelConfig, SampleConfig
from charlab.core.vocab import Vocab
from charlab.errors import ModelError
from charlab.training import export_keras
from helpers.tiny import TINY, random_weights

LENGTH = 80  # more than twice what the tiny Transformer can look back
SEEDS = ["The Fox Ω", "é", ""]
ALONE = """
import importlib.util, json, os, sys, zipfile
assert importlib.util.find_spec("charlab") is None
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, numpy as np, tensorflow as tf
names, seeds, length = json.loads(sys.argv[1])
ids, said = np.load("ids.npy"), {}


def by_keras(name):
    model = keras.saving.load_model(name)
    np.save(name + ".npy", model(ids).numpy())
    alphabet = json.loads(zipfile.ZipFile(name).read("alphabet.json"))
    return [alphabet["characters"], list(model(ids[:, :7]).shape)]


def by_saved_model(name):
    model = tf.saved_model.load(name)
    state, characters, written = model.start(3), tf.constant(seeds), []
    logits, _ = model.logits(characters, state)
    for _ in range(length):
        characters, state = model.step(characters, state, 0.0)
        written.append(characters)
    texts = [b.decode() for b in tf.strings.reduce_join(tf.stack(written), axis=0).numpy()]
    drawn, state = set(), model.start(100)
    characters = tf.constant(["t"] * 100)
    for _ in range(3):
        characters, state = model.step(characters, state, 1.0)
        drawn |= {b.decode() for b in characters.numpy()}
    served = model.signatures["serving_default"](
        texts=tf.constant(seeds), state=model.start(3), temperature=tf.constant(0.0))
    served = [b.decode() for b in served["characters"].numpy()]
    return dict(texts=texts, logits=logits.numpy().tolist(), drawn=sorted(drawn), served=served)


print(json.dumps({name: [by_keras(name + ".keras"), by_saved_model(name)] for name in names}))
"""


def read_all(predictor, ids: np.ndarray) -> np.ndarray:
    state, logits = predictor.start(len(ids)), []
    for column in ids.T:
        one, state = predictor.step(column, state)
        logits.append(one)
    return np.stack(logits, axis=1)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Every network in both forms, read by a program where CharLab's source is not on the path:
    (folder, ids, vocabulary, name -> the NumPy network, name -> what the program said of the two forms)."""
    folder = tmp_path_factory.mktemp("exported")
    vocab = Vocab.from_text("the quick brown fox jumps, over: the lazy dog é€.\n", lower_case=True)
    predictors = {}
    for name, config in TINY.items():
        weights = random_weights(config, len(vocab))
        weights["head/bias"][vocab.unknown_id] += 100.0  # the unknown character is by far the most likely
        export_keras.write_keras(folder / f"{name}.keras", config, vocab, weights)
        export_keras.write_saved_model(folder / name, config, vocab, weights)
        predictors[name] = predictor.build_predictor(config, len(vocab), weights)
    ids = np.random.default_rng(1).integers(len(vocab), size=(3, 30))
    np.save(folder / "ids.npy", ids)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-P", "-c", ALONE, json.dumps([list(TINY), SEEDS, LENGTH])]
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return folder, ids, vocab, predictors, json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", TINY)
def test_keras_loads_every_network_without_charlab(exported, name):
    folder, ids, vocab, predictors, said = exported
    np.testing.assert_allclose(np.load(folder / f"{name}.keras.npy"), read_all(predictors[name], ids), atol=1e-4)
    assert said[name][0] == [vocab.characters, [3, 7, len(vocab)]]


@pytest.mark.parametrize("name", TINY)
def test_a_saved_model_writes_what_generate_writes_without_charlab(exported, name):
    _, _, vocab, predictors, said = exported
    predictor, said = predictors[name], said[name][1]
    for i, seed in enumerate(SEEDS):
        steps = list(
            generation.generate(predictor, vocab, seed, SampleConfig(length=LENGTH, samples=1, temperature=0.0))
        )
        assert said["texts"][i] == generation.texts(steps, vocab)[0]
        assert said["served"][i] == said["texts"][i][0]
        logits = read_all(predictor, vocab.encode(seed or "\n")[None].astype(int))[0, -1]
        np.testing.assert_allclose(said["logits"][i], logits, atol=1e-4)
    drawn = said["drawn"]
    assert len(drawn) > 3 and set(drawn) <= set(vocab.characters)


@pytest.mark.parametrize("write", [export_keras.write_keras, export_keras.write_saved_model])
def test_counts_are_refused_in_a_sentence(write, vocab, tmp_path):
    with pytest.raises(ModelError, match="as a model file"):
        write(tmp_path / "counts.keras", ModelConfig(kind="ngram"), vocab, {})
    assert not list(tmp_path.iterdir())
