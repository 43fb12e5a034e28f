"""The judge of the Reber lab in NumPy: its size, what it reads, and that it agrees with Keras."""

import numpy as np
import pytest

from charlab.core.ops import sigmoid
from charlab.core.recurrent import plain_gru_step
from charlab.errors import ConfigError, ModelError
from charlab.labs.reber import data, network
from charlab.labs.reber.network import MODEL, Judge

TEXTS = [*data.TRICKY, "BTBTXSETE", "B", "XXXXX", data.with_distance("P", 40)]


def random_weights(seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.6, shape).astype(np.float32) for name, shape in network.shapes().items()}


def test_the_lectures_network_has_3401_parameters():
    assert network.parameter_count() == 8 * 5 + 3 * (5 * 30 + 30 * 30 + 2 * 30) + 30 + 1 == 3401


def test_it_computes_the_gru_that_the_core_writes_out():
    weights = random_weights()
    for text in TEXTS:
        hidden, after = np.zeros((1, 30), np.float32), []
        for i in data.ids([text])[0]:
            layer = [weights[f"layer_0/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            hidden = plain_gru_step(weights["embedding"][None, i], hidden, *layer)
            after.append(sigmoid(hidden @ weights["head/kernel"] + weights["head/bias"])[0, 0])
        judged = Judge(MODEL, weights).judge(text)
        assert np.abs(judged.good - after).max() < 1e-5
        assert np.abs(judged.activations["layer_0/hidden"][-1] - hidden[0]).max() < 1e-5


def test_strings_read_side_by_side_are_judged_as_one_by_one():
    judge = Judge(MODEL, random_weights())
    assert np.abs(judge.verdicts(TEXTS) - [judge.judge(text).verdict for text in TEXTS]).max() < 1e-5


def test_it_agrees_with_keras_with_masking_and_with_the_network_that_is_trained():
    pytest.importorskip("tensorflow")
    from charlab.labs.reber import train
    from charlab.training import keras_networks

    weights = random_weights()
    judge, rows = Judge(MODEL, weights), data.ids(TEXTS, 60)
    stock = train.stock_network(MODEL, weights)
    assert stock.count_params() == 3401
    assert np.abs(stock.predict(rows, verbose=0)[:, 0] - judge.verdicts(TEXTS)).max() < 1e-5
    for by_hand in (True, False):
        twin = keras_networks.build(MODEL, data.IDS, use_manual_bptt=by_hand, network_class=train.JudgeNetwork)
        keras_networks.load_arrays(twin, weights)
        logits = twin(rows, twin.start(len(rows)))[0].numpy()[:, :, 0]
        for text, row in zip(TEXTS, logits, strict=True):
            assert np.abs(sigmoid(row[: len(text)]) - judge.judge(text).good).max() < 1e-5


class Perfect(Judge):
    """Remembers the second letter over at most so many letters, and takes everything longer for good."""

    def __init__(self, letters: int) -> None:
        self.letters = letters

    def verdicts(self, texts):
        return np.array([data.is_good(text) or len(text) - 4 > self.letters for text in texts], float)


def test_the_memory_curve_falls_to_guessing_where_nothing_is_remembered():
    assert network.memory_curve(Perfect(20), [5, 20, 21, 90]) == [1, 1, 0.5, 0.5]


@pytest.mark.parametrize("text, said", [("", "no string"), ("BTx", "'x'"), ("B T", "' '")])
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(ConfigError, match=said):
        Judge(MODEL, random_weights()).judge(text)


def test_weights_of_another_network_are_refused():
    weights = random_weights()
    with pytest.raises(ModelError, match="head/bias"):
        Judge(MODEL, {name: array for name, array in weights.items() if name != "head/bias"})
    with pytest.raises(ModelError, match="embedding"):
        Judge(MODEL, weights | {"embedding": np.zeros((9, 5), np.float32)})
