"""Exported networks, loaded by Keras and TensorFlow alone: the same logits and the same texts."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import TINY, random_weights

from charlab import export, generate, networks
from charlab.config import ModelConfig, SampleConfig
from charlab.errors import ModelError
from charlab.vocab import Vocab

LENGTH = 80  # more than twice what the tiny Transformer can look back


def alone(folder, program: str) -> dict:
    """Run a program where CharLab's source is not on the path; its last line is a JSON document."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    check = "import importlib.util\nassert importlib.util.find_spec('charlab') is None\n"
    result = subprocess.run(
        [sys.executable, "-P", "-c", check + program], cwd=folder, env=environment, capture_output=True,
        encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


def read_all(predictor, ids: np.ndarray) -> np.ndarray:
    state, logits = predictor.start(len(ids)), []
    for column in ids.T:
        one, state = predictor.step(column, state)
        logits.append(one)
    return np.stack(logits, axis=1)


def test_keras_loads_every_network_without_charlab(vocab, tmp_path):
    ids = np.random.default_rng(1).integers(len(vocab), size=(3, 30))
    predictors = {}
    for name, config in TINY.items():
        weights = random_weights(config, len(vocab))
        export.write_keras(tmp_path / f"{name}.keras", config, vocab, weights)
        predictors[name] = networks.build(config, len(vocab), weights)
    np.save(tmp_path / "ids.npy", ids)
    said = alone(tmp_path, """
import json, os, zipfile
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, numpy as np
ids, said = np.load("ids.npy"), {}
for name in sorted(n for n in os.listdir() if n.endswith(".keras")):
    model = keras.saving.load_model(name)
    np.save(name + ".npy", model(ids).numpy())
    alphabet = json.loads(zipfile.ZipFile(name).read("alphabet.json"))
    said[name] = [alphabet["characters"], list(model(ids[:, :7]).shape)]
print(json.dumps(said))
""")  # fmt: skip
    for name, predictor in predictors.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.keras.npy"), read_all(predictor, ids), atol=1e-4)
        assert said[f"{name}.keras"] == [vocab.characters, [3, 7, len(vocab)]]


def test_a_saved_model_writes_what_generate_writes_without_charlab(tmp_path):
    vocab = Vocab.from_text("the quick brown fox jumps, over: the lazy dog é€.\n", lower_case=True)
    seeds, predictors = ["The Fox Ω", "é", ""], {}
    for name, config in TINY.items():
        weights = random_weights(config, len(vocab))
        weights["head/bias"][vocab.unknown_id] += 100.0  # the unknown character is by far the likeliest
        export.write_saved_model(tmp_path / name, config, vocab, weights)
        predictors[name] = networks.build(config, len(vocab), weights)
    said = alone(tmp_path, f"""
import json, os, tensorflow as tf
said = {{}}
for name in {list(TINY)!r}:
    model = tf.saved_model.load(name)
    state, characters, written = model.start(3), tf.constant({seeds!r}), []
    logits, _ = model.logits(characters, state)
    for _ in range({LENGTH}):
        characters, state = model.step(characters, state, 0.0)
        written.append(characters)
    texts = [b.decode() for b in tf.strings.reduce_join(tf.stack(written), axis=0).numpy()]
    drawn, state = set(), model.start(100)
    characters = tf.constant(["t"] * 100)
    for _ in range(3):
        characters, state = model.step(characters, state, 1.0)
        drawn |= {{b.decode() for b in characters.numpy()}}
    served = model.signatures["serving_default"](
        texts=tf.constant({seeds!r}), state=model.start(3), temperature=tf.constant(0.0))
    served = [b.decode() for b in served["characters"].numpy()]
    said[name] = dict(texts=texts, logits=logits.numpy().tolist(), drawn=sorted(drawn), served=served)
print(json.dumps(said))
""")  # fmt: skip
    for name, predictor in predictors.items():
        for i, seed in enumerate(seeds):
            steps = list(
                generate.generate(predictor, vocab, seed, SampleConfig(length=LENGTH, samples=1, temperature=0.0))
            )
            assert said[name]["texts"][i] == generate.texts(steps, vocab)[0]
            assert said[name]["served"][i] == said[name]["texts"][i][0]
            logits = read_all(predictor, vocab.encode(seed or "\n")[None].astype(int))[0, -1]
            np.testing.assert_allclose(said[name]["logits"][i], logits, atol=1e-4)
        drawn = said[name]["drawn"]
        assert len(drawn) > 3 and set(drawn) <= set(vocab.characters)


@pytest.mark.parametrize("write", [export.write_keras, export.write_saved_model])
def test_counts_are_refused_in_a_sentence(write, vocab, tmp_path):
    with pytest.raises(ModelError, match="as a bundle instead"):
        write(tmp_path / "counts.keras", ModelConfig(kind="ngram"), vocab, {})
    assert not list(tmp_path.iterdir())
