import shlex

import numpy as np
import pytest

from charlab.corpora import encoding
from charlab.errors import ConfigError
from charlab.runs import plan, shell_commands
from charlab.runs.presets import PRESETS, preset


def test_nothing_shrinks_on_a_long_text():
    for chosen in PRESETS.values():
        model, train, notes = plan.fit_to_text(chosen.model, chosen.train, 1_115_394, 66)
        assert (model, train, notes) == (chosen.model, chosen.train, ())


@pytest.mark.parametrize("name", PRESETS)
def test_on_the_shortest_text_every_preset_still_has_a_full_batch(name):
    chosen = preset(name)
    model, train, notes = plan.fit_to_text(chosen.model, chosen.train, 2_000, 20)
    available = encoding.split_at(2_000, train.validation_share)
    rows = train.batch_size if train.batches == "windows" else 1
    if train.batches == "chunks" and not train.shift:
        rows = available // (train.sequence_length + 1)
    if train.batches == "streams":
        rows = available // train.batch_size // (train.sequence_length + 1) * train.batch_size
    assert rows >= (train.batch_size if train.batches != "chunks" or not train.shift else 1)
    assert train.sequence_length < available
    assert bool(notes) == ((model, train) != (chosen.model, chosen.train))


def test_the_order_of_an_ngram_fits_its_alphabet():
    chosen = preset("ngram")
    model, _, notes = plan.fit_to_text(chosen.model.replace(order=12), chosen.train, 10_000, 513)
    assert model.order == 7 and "64 bits" in notes[0]


def test_the_split_leaves_a_tenth_and_at_least_two():
    assert encoding.split_at(1000, 0.1) == 900
    assert encoding.split_at(10, 0.01) == 8


def test_settings_go_to_whichever_has_them():
    chosen = preset("custom")
    model, train = plan.change(chosen.model, chosen.train, {"units": 7, "batch_size": 3})
    assert (model.units, train.batch_size) == (7, 3)
    with pytest.raises(ConfigError, match="units"):
        plan.change(chosen.model, chosen.train, {"unit": 7})


def test_a_command_line_trains_the_same_run():
    from charlab.cli.arguments import parser
    from charlab.cli.commands import key_and_value
    from charlab.corpora import catalogue

    text = catalogue.load("coin-flips")
    chosen = preset("custom")
    model, train = plan.change(
        chosen.model, chosen.train, {"units": 7, "minutes": 2.5, "seed": 3, "clip_norm": 1.0}
    )
    config = plan.plan_run(text, "custom", model, train).config()
    options = parser().parse_args(shlex.split(shell_commands.training_command(config))[3:])
    settings = {"minutes": options.minutes, "seed": options.seed} | dict(map(key_and_value, options.set))
    again = plan.plan_run(text, options.preset, *plan.change(chosen.model, chosen.train, settings))
    assert (again.model, again.train) == (config.model, config.train)


def test_mapped_ids_are_the_same_ids():
    ids = np.arange(100_000).astype(np.uint16)
    mapped = encoding.mapped(ids)
    assert isinstance(mapped, np.memmap) and mapped.dtype == np.uint16
    np.testing.assert_array_equal(mapped, ids)


def test_a_seed_text_is_the_texts_own_beginning():
    assert plan.first_words("\nFirst Citizen:\nBefore we") == "First Citizen:\n"
    assert plan.first_words("x" * 100) == "x" * 24
