import math
from dataclasses import replace

import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora.coverage import Coverage
from charlab.runs import diagnosis
from charlab.runs.store import RunConfig

UNTRAINED = math.log(66)


def config(model=None, corpus="coin-flips", sha256="0" * 64, **train):
    return RunConfig("tiny", "custom", corpus, sha256, model or ModelConfig(), TrainConfig(**train))


def evaluated(validation, training=None, untrained=UNTRAINED):
    """Events of one evaluation per epoch, and ten steps before each."""
    training = training or validation
    found = [{"event": "epoch", "epoch": 0, "step": 0, "val_loss": untrained}]
    for epoch, (val, loss) in enumerate(zip(validation, training, strict=True), 1):
        found += [{"event": "step", "step": 10 * epoch - 9 + i, "loss": loss} for i in range(10)]
        found.append({"event": "epoch", "epoch": epoch, "step": 10 * epoch, "loss": loss, "val_loss": val})
    return found


def verdicts(*args, **options):
    return " ".join(diagnosis.diagnose(*args, **options))


def test_it_overfits_since_the_epoch_of_the_lowest_validation():
    said = verdicts(config(), evaluated([2.0, 1.6, 1.5, 1.55, 1.6], [2.0, 1.6, 1.4, 1.2, 1.0]))
    assert "overfitting since epoch 3" in said
    assert "loss rose from 1.500 nats to 1.600 nats while training loss fell from 1.400 nats to 1.000" in said


def test_where_a_device_trained_it_overfits_by_the_losses_that_were_measured():
    measured = evaluated([2.0, 1.6, 1.5, 1.55, 1.6], [2.0, 1.6, 1.4, 1.2, 1.0])
    for event in measured:
        if event["event"] == "epoch" and event["step"]:
            event["train_loss_after"] = event.pop("loss") - 0.1
    said = verdicts(config(), measured)
    assert "loss rose from 1.500 nats to 1.600 nats while training loss fell from 1.300 nats to 0.900" in said


@pytest.mark.parametrize(
    ("validation", "training"),
    [
        ([2.0, 1.6, 1.5, 1.55], [2.0, 1.6, 1.4, 1.2]),  # once only
        ([2.0, 1.6, 1.5, 1.55, 1.49], [2.0, 1.6, 1.4, 1.2, 1.0]),  # and down again
        ([2.0, 1.6, 1.5, 1.55, 1.6], [2.0, 1.6, 1.4, 1.5, 1.6]),  # training rises too
        ([2.0, 1.6, 1.5, 1.5005, 1.5006], [2.0, 1.6, 1.4, 1.3, 1.2]),  # it trembles
    ],
)
def test_it_does_not_overfit_where_validation_does_not_rise_twice_while_training_falls(validation, training):
    assert "overfits" not in verdicts(config(), evaluated(validation, training))


def test_it_diverged_where_half_of_what_was_learned_is_lost():
    said = verdicts(config(learning_rate=0.5), evaluated([2.0, 1.6, 3.4]), state="done")
    assert "diverged" in said and "smaller learning rate than 0.5" in said and "clip_norm" in said
    assert "train longer" not in said
    assert "clip_norm" not in verdicts(config(learning_rate=0.5, clip_norm=1.0), evaluated([2.0, 1.6, 3.4]))
    assert "diverged" not in verdicts(config(), evaluated([2.0, 1.6, 1.7]))
    assert "diverged" in verdicts(config(), [{"event": "step", "step": 1, "loss": math.nan}])


def test_one_bad_batch_is_no_divergence():
    events = evaluated([2.0, 1.6])
    events.append({"event": "step", "step": 21, "loss": 9.0})
    assert "diverged" not in verdicts(config(), events)


def test_the_best_possible_is_within_two_percent_of_the_exact_entropy():
    entropy = math.log(2)
    there = evaluated([entropy * 1.019, entropy * 1.03, entropy * 1.03], [0.69, 0.6, 0.5], untrained=math.log(3))
    assert "reached the best possible" in verdicts(config(), there, entropy, state="done")
    assert "overfits" not in verdicts(config(), there, entropy)
    assert "1.000 bits" in verdicts(config(), there, entropy, unit="bits")
    assert "best possible" not in verdicts(config(), evaluated([entropy * 1.021]), entropy)
    assert "best possible" not in verdicts(config(), there)


def test_still_falling_is_said_of_a_run_that_has_ended():
    events = evaluated([2.0, 1.6, 1.5])
    assert "train longer" in verdicts(config(), events, state="done")
    assert "train longer" not in verdicts(config(), events)
    assert "train longer" not in verdicts(config(), evaluated([2.0, 1.6, 1.599]), state="done")


def test_the_untrained_network_stands_beside_the_alphabet():
    for unit, base in (("nats", "e to"), ("bits", "2 to")):
        said = verdicts(config(), evaluated([]), alphabet_size=65, unit=unit)
        assert (
            "66 equally likely characters" in said and base in said and "The alphabet has 65 characters." in said
        )
    assert diagnosis.diagnose(config(), [], alphabet_size=65) == []


def test_a_count_of_characters_is_neither_trained_nor_diverged():
    events = evaluated([2.0, 1.6, 3.4])
    assert diagnosis.diagnose(config(ModelConfig(kind="ngram")), events, None, 65, state="done") == []


def test_what_differs_is_told_and_nothing_else():
    rows = diagnosis.differences([config(epochs=3), config(ModelConfig(units=128, embedding=0), epochs=3)])
    assert rows == [("Units", ["256", "128"]), ("Embedding size", ["64", "one-hot"])]
    assert diagnosis.differences([config(), config()]) == []


def test_settings_that_a_model_does_not_use_stay_empty():
    rows = dict(
        diagnosis.differences(
            [config(), config(ModelConfig(kind="transformer", context=64)), config(ModelConfig(kind="ngram"))]
        )
    )
    assert rows["Kind of model"] == ["gru", "transformer", "ngram"]
    assert rows["Context (characters)"] == ["", "64", ""]
    assert rows["Order (characters)"] == ["", "", "5"]
    assert rows["Embedding size"] == ["64", "", ""]
    minutes = dict(diagnosis.differences([config(epochs=9, minutes=2.0), config(epochs=9)]))
    assert minutes == {"Epochs": ["", "9"], "Minutes": ["2", "none"]}


def test_losses_are_compared_only_where_text_alphabet_and_split_agree():
    assert diagnosis.not_comparable([config(), config(epochs=9)]) == ""
    assert "different texts" in diagnosis.not_comparable([config(), config(sha256="1" * 64)])
    assert "alphabets differ" in diagnosis.not_comparable([config(), config(ModelConfig(lower_case=True))])
    assert "different parts" in diagnosis.not_comparable([config(), config(validation_share=0.2)])
    assert "different parts" in diagnosis.not_comparable([config(), config(split="lines")])


def test_which_weights_are_kept():
    words = diagnosis.saved_weights(2, 3.5)
    assert "best weights (epoch 2)" in words and "last weights (epoch 3.5)" in words
    for best, last, shown in ((3, 2.32, "2.32"), (3, 3.0, "3"), (2, 1.106, "1.11")):
        words = diagnosis.saved_weights(best, last)
        assert f"best weights (epoch {shown})" in words and "last weights" not in words


def test_a_limit_on_the_alphabet_counts_where_it_leaves_something_out():
    whole, cut = Coverage(100), Coverage(100, replaced=20, distinct=9)
    small, large = ModelConfig(), ModelConfig(alphabet_limit=1024)
    same = [replace(config(model), coverage=found) for model, found in ((small, whole), (large, whole))]
    same = [RunConfig.from_json(one.to_json()) for one in same]  # which drops a coverage with nothing to tell
    assert diagnosis.not_comparable(same) == ""
    other = replace(config(small), coverage=cut)
    assert "alphabets differ" in diagnosis.not_comparable([other, same[1]])


def test_the_gap_is_that_of_the_last_weights():
    epochs = [
        {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 6.0, "train_loss_after": 6.0},
        {"event": "epoch", "epoch": 1, "step": 9, "val_loss": 3.0, "train_loss_after": 2.5, "loss": 3.5},
        {"event": "epoch", "epoch": 2, "step": 18, "val_loss": 3.1, "train_loss_after": 1.9, "loss": 2.2},
    ]
    said = diagnosis.gap(epochs)
    assert "After epoch 2" in said and "1.900 nats per character on a sample" in said
    assert "3.100" in said and "a gap of 1.200" in said
    assert "a gap of 1.731" in diagnosis.gap(epochs, "bits")
    rounded = diagnosis.gap([{**epochs[2], "train_loss_after": 0.6616, "val_loss": 0.6484}])
    assert "0.662 nats" in rounded and "0.648 on" in rounded and "a gap of -0.014." in rounded
    assert diagnosis.gap(epochs[:1]) == diagnosis.gap([{**epochs[2], "train_loss_after": None}]) == ""


FALLING, SLOWLY = evaluated([2.0, 1.6, 1.5]), evaluated([1.0, 0.9, 0.8935])  # the last by 0.0094 bits


@pytest.mark.parametrize(
    ("state", "used_up", "final", "expected"),
    [
        ("done", False, False, "still falling at the end, by 0.100 nats from epoch 2 to 3: train longer."),
        ("done", True, False, "at the end, by 0.100 nats from epoch 2 to 3: more training would help"),
        ("done", False, True, "at the end, by 0.100 nats from epoch 2 to 3: a new run that trains longer"),
        ("paused", False, False, "still falling when it was paused, by 0.100 nats from epoch 2 to 3: resume it"),
        ("paused", True, False, "when it was paused, by 0.100 nats from epoch 2 to 3: more training would help"),
        ("stopped", False, False, "still falling when it was stopped, by 0.100 nats from epoch 2 to 3: resume it"),
        ("stopped", True, False, "when it was stopped, by 0.100 nats from epoch 2 to 3: more training would help"),
        ("failed", False, False, "still falling when it failed, by 0.100 nats from epoch 2 to 3: resume it"),
    ],
)
def test_the_advice_fits_the_state_the_time_limit_and_the_gain(state, used_up, final, expected):
    options = {"state": state, "used_up": used_up, "final": final}
    said = verdicts(config(), FALLING, **options)
    assert expected in said and (not used_up or "train longer" not in said and "resume" not in said)
    assert "falling" not in verdicts(config(), SLOWLY, **options)  # not worth the time, in any state
    assert "falling" not in verdicts(config(ModelConfig(kind="ngram")), FALLING, **options)


@pytest.mark.parametrize("state", ["done", "paused", "stopped", "failed"])
def test_who_may_not_act_on_a_run_is_not_told_to(state):
    said = verdicts(config(), FALLING, state=state, may_act=False)
    assert said.endswith("from epoch 2 to 3: more training would help.")


@pytest.mark.parametrize("state", ["queued", "running", "pausing", "stopping"])
def test_nothing_is_advised_while_a_run_trains(state):
    assert verdicts(config(), FALLING, state=state) == ""


@pytest.mark.parametrize(
    ("error", "expected"),
    [(0.0123, "± 0.012"), (0.0006, "± 0.001"), (0.0004, "± under 0.001"), (1e-9, "± under 0.001")],
)
def test_a_standard_error_has_no_digits_that_mean_nothing(error, expected):
    assert diagnosis.plus_minus(error) == expected


def test_texts_that_differ_are_named_apart_where_their_titles_are_the_same():
    stored = [replace(config(corpus=f"text-{digit * 16}"), corpus_title="Essay") for digit in "ab"]
    assert diagnosis.differences(stored) == [("Text", ["Essay (1)", "Essay (2)"])]
    other = replace(config(corpus="text-" + "c" * 16), corpus_title="Sea")
    assert diagnosis.differences([stored[0], other]) == [("Text", ["Essay", "Sea"])]
