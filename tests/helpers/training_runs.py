"""Shared by tests of training: one short text, runs on it, and what is read from them."""

from charlab.core.config import TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, encoding, uploads
from charlab.runs import store
from charlab.runs.stop_signal import StopSignal
from charlab.training.train import train_run
from helpers.tiny import TINY

RESULTS = {
    "train_loss_after",
    "run",
    "epochs",
    "steps",
    "train_loss",
    "val_loss",
    "best_val_loss",
    "characters_per_second",
    "seconds",
}
TEXT = "the quick brown fox jumps over the lazy dog.\n" * 40
VOCAB = Vocab.from_text(TEXT)
IDS = VOCAB.encode(TEXT)
TRAIN = TrainConfig(
    epochs=3, batch_size=8, sequence_length=16, batches="streams", learning_rate=0.02, seed_text="the "
)
STEPS = (encoding.split_at(len(IDS), 0.1) // 8 - 1) // 16  # an epoch
DROPOUTS = {"input_dropout": 0.1, "output_dropout": 0.1}
TINIER = {
    "gru": TINY["gru"].replace(recurrent_dropout=0.1, **DROPOUTS),
    "lstm": TINY["lstm"].replace(**DROPOUTS),
    "transformer": TINY["transformer"].replace(layers=1, **DROPOUTS),
}


def make(model=TINY["gru"], **changes):
    text = uploads.made("", "tiny", TEXT)
    config = store.RunConfig("tiny", "custom", catalogue.store(text), text.sha256, model, TRAIN.replace(**changes))
    return store.create(config, VOCAB)


def train(run, **arguments):
    with run.lock():
        return train_run(run, IDS, **arguments)


class StopAfter(StopSignal):
    """Requests a pause or a stop before the step after so many."""

    def __init__(self, steps, request, reason=""):
        super().__init__()
        self._steps_left, self._then = steps, (request, reason)

    def requested(self, seconds=0.0):
        if self._steps_left == 0:
            self.send(*self._then)
        self._steps_left -= 1
        return super().requested(seconds)


def events(run, kind):
    return [event for event in run.events()[0] if event["event"] == kind]


def without_times(run):
    """The events without what depends on the clock."""
    timed = ("seconds", "characters_per_second")
    return [{key: value for key, value in event.items() if key not in timed} for event in run.events()[0]]


def assert_equal_weights(run, other):
    assert run.weight_names() and run.weight_names() == other.weight_names()
    for weights_name in run.weight_names():
        ours, theirs = run.weights(weights_name), other.weights(weights_name)
        assert ours and ours.keys() == theirs.keys()
        assert all(ours[name].tobytes() == theirs[name].tobytes() for name in theirs), weights_name
