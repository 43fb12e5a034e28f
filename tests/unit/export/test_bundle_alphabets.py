"""Large alphabets, and what an alphabet leaves out of a text, in model files."""

import json
from dataclasses import replace

import numpy as np
import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import coverage
from charlab.export import bundle
from charlab.runs import store
from charlab.runs.permissions import OPERATOR
from helpers.bundles import members, refused, zipped
from helpers.left_out import NOVEL
from helpers.tiny import TINY, random_weights


def large_run(limit: int = 4096, **changes) -> store.Run:
    """A run whose alphabet is that of a novel in Chinese, or as much of it as the limit allows."""
    model = TINY["gru"].replace(alphabet_limit=limit)
    vocab = Vocab.from_text(NOVEL, maximum=limit)
    config = store.RunConfig("novel", "custom", "text-0", "0" * 64, model, TrainConfig(seed_text="海"))
    run = store.create(replace(config, **changes), vocab)
    for weights_name in ("best", "last"):
        run.write_weights(random_weights(model, len(vocab)), weights_name)
    run.write_status(store.Status("done", results={"best_val_loss": 2.0}))
    return run


def test_a_large_alphabet_goes_out_and_comes_in():
    run = large_run()
    again = bundle.unpack(bundle.pack(run), actor=OPERATOR)
    assert again.vocab() == run.vocab() and len(again.vocab()) == 4_003
    assert again.config().model.alphabet_limit == 4096
    for name, array in run.weights("best").items():
        np.testing.assert_array_equal(again.weights("best")[name], array)
    widest = "".join(map(chr, range(0x20000, 0x20000 + 8192)))  # four bytes each
    config = large_run(8192, model=TINY["gru"].replace(alphabet_limit=8192)).config()
    wide = store.create(config, Vocab(widest))
    wide.write_weights(random_weights(config.model, 8193), "best")
    wide.write_status(store.Status("done"))
    assert bundle.unpack(bundle.pack(wide), actor=OPERATOR).vocab().characters == widest


def test_an_alphabet_beyond_its_limit_is_refused():
    parts = members(bundle.pack(large_run()))
    config = json.loads(parts["config.json"])
    config["model"]["alphabet_limit"] = 2048
    assert "4,002 characters, and its limit is 2,048" in refused(
        zipped(parts | {"config.json": json.dumps(config)})
    )


def test_what_the_alphabet_leaves_out_goes_along():
    found = coverage.read(NOVEL, Vocab.from_text(NOVEL), ModelConfig())[1]
    run = large_run(512, coverage=found)
    card = members(bundle.pack(run))["model-card.md"].decode()
    share = 512 * 20 / len(NOVEL)
    assert f"The model can read {share:.1%} of this text" in card.replace("\\", "")
    assert bundle.unpack(bundle.pack(run), actor=OPERATOR).config().coverage == found
    assert "can read" not in members(bundle.pack(large_run()))["model-card.md"].decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"read": -1},
        {"share": 2},
        {"replaced": 0},
        {"left_out": [{"character": "ab", "name": "", "count": 1}]},
        {"x": 1},
    ],
)
def test_a_coverage_that_is_none_is_refused(changes):
    found = coverage.read(NOVEL, Vocab.from_text(NOVEL), ModelConfig())[1]
    parts = members(bundle.pack(large_run(512, coverage=found)))
    config = json.loads(parts["config.json"])
    config["coverage"] |= changes
    said = refused(zipped(parts | {"config.json": json.dumps(config)}))
    assert "what the alphabet leaves out" in said
