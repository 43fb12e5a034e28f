import numpy as np
import pytest

from charlab.core import ngram
from charlab.core.config import ModelConfig, SampleConfig, TrainConfig
from charlab.core.generation import generate, texts
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError, ModelError
from charlab.runs import models, schema, store
from helpers.tiny import make_run


@pytest.mark.parametrize("kind", ["gru", "lstm", "transformer"])
def test_a_run_is_found_by_its_id_and_by_its_path(kind):
    run = make_run(kind)
    by_id, by_path = models.load(run.id), models.load(str(run.path))
    assert by_id.digest == by_path.digest and by_id.weights_name == "best"
    assert by_id.digest != models.load(run.id, "last").digest
    written = texts(generate(by_id.predictor, by_id.vocab, by_id.seed_text, SampleConfig(length=20)), by_id.vocab)
    assert len(written[0]) == 20


def test_runs_with_weights_are_listed_with_their_loss():
    run = make_run(name="My run")
    (info,) = [info for info in models.available_models() if info.where == "run"]
    assert (info.name, info.title, info.kind, info.state) == (run.id, "My run", "gru", "done")
    assert info.val_loss == 2.0 and info.bits == pytest.approx(2.885, abs=0.001)


def test_a_run_without_weights_or_with_broken_files_is_no_model():
    for path in (make_run().path / "config.json", make_run().path / "status.json"):
        path.write_text("{}", encoding="utf-8")
    run = make_run()
    for weights in (run.path / "weights").glob("*"):
        weights.unlink()
    assert [info for info in models.available_models() if info.where == "run"] == []


def test_counts_are_kept_whole_in_fewer_bytes():
    weights = ngram.count(np.arange(70_000) % 7, 8, 5)
    compacted = schema.compact(weights)
    assert compacted["order_1/counts"].dtype == np.uint16 and compacted["order_5/keys"].dtype == np.uint16
    model = ModelConfig(kind="ngram", order=5)
    config = store.RunConfig("counts", "ngram", "coin-flips", "0" * 64, model, TrainConfig())
    run = store.create(config, Vocab("abcdefg"))
    run.write_weights(compacted, "best")
    there = run.weights()
    for name, array in weights.items():
        assert (there[name] == array).all() and there[name].dtype == array.dtype


def test_a_name_that_is_nobodys_is_refused_with_what_there_is():
    run = make_run()
    with pytest.raises(ModelError, match=run.id):
        models.load("shakespear")
    with pytest.raises(ModelError):
        models.load("")


def test_weights_of_another_model_are_refused():
    run, other = make_run("gru"), make_run("lstm")
    run.write_weights(other.weights(), "best")
    with pytest.raises(CharlabError, match="do not fit"):
        models.load(run.id)
