"""A model file that a browser makes is one that CharLab imports."""

import hashlib

import numpy as np
import pytest

from charlab.core import reading
from charlab.core.config import TrainConfig
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.export import formats
from charlab.runs import models
from helpers.javascript import evaluate_js
from helpers.tiny import TINY, random_weights

TEXT = "the quick brown fox: “ä”, 👍\n"
PACK = """
import { bundle } from "./bundle.js";
const main = ({ ...given }) => bundle(given);
"""


def flat(weights: dict) -> dict:
    return {key: {"shape": array.shape, "values": array} for key, array in weights.items()}


def given(name: str) -> dict:
    vocab, model = Vocab.from_text(TEXT), TINY[name]
    config = {
        "name": "Mine <b>`*",
        "corpus": "my text.txt",
        "corpus_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
    }
    config |= {
        "model": model.to_json(),
        "train": TrainConfig(minutes=1.0).to_json(),
        "versions": {"charlab": "0.1.0"},
    }
    return {
        "config": config,
        "vocab": vocab.to_json(),
        "progress": {"epoch": 1.5, "step": 30, "seconds": 12.25},
        "results": {"epochs": 1.5, "steps": 30, "val_loss": 2.5, "best_val_loss": 2.5, "seconds": 12.25},
        "events": [{"event": "step", "step": 10, "epoch": 0.5, "loss": 3.0}],
        "best": flat(random_weights(model, len(vocab))),
        "last": flat(random_weights(model, len(vocab), seed=1)),
    }


@pytest.mark.parametrize("name", ["gru", "gru-one-hot", "lstm"])
def test_import_takes_it_and_its_weights_are_the_same(name, tmp_path):
    packed = given(name)
    file = tmp_path / "mine.charlab.zip"
    file.write_bytes(evaluate_js(PACK, **packed).tobytes())
    run = formats.import_model(str(file))
    config, vocab, status = run.read()
    assert (config.name, config.corpus, config.preset) == ("Mine <b>`*", "my text.txt", "custom")
    assert config.model == TINY[name] and vocab == Vocab.from_text(TEXT)
    assert (status.state, status.step, status.results["val_loss"]) == ("done", 30, 2.5)
    assert [event["event"] for event in run.events()[0]] == ["step"]
    for weights_name in ("best", "last"):
        for key, array in run.weights(weights_name).items():
            assert (array == packed[weights_name][key]["values"]).all()
    ids = vocab.encode(TEXT * 5)
    wanted = build_predictor(TINY[name], len(vocab), random_weights(TINY[name], len(vocab)))
    loss = reading.evaluate(models.load(run.id).predictor, vocab, ids).loss_nats
    assert loss == reading.evaluate(wanted, vocab, ids).loss_nats


CHECKSUM = """
import { sha256 } from "./sha256.js";
const main = ({ files }) => files.map(sha256);
"""


def test_checksums_are_sha256():
    rng = np.random.default_rng(0)
    files = [rng.integers(0, 256, size, dtype=np.uint8) for size in (0, 1, 55, 56, 63, 64, 119, 120, 5000)]
    assert evaluate_js(CHECKSUM, files=files) == [hashlib.sha256(file.tobytes()).hexdigest() for file in files]
