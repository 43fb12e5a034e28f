import pytest

from charlab.corpora import encoding
from charlab.errors import ConfigError
from charlab.runs import plan
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


def test_settings_go_to_whichever_has_them():
    chosen = preset("custom")
    model, train = plan.change(chosen.model, chosen.train, {"units": 7, "batch_size": 3})
    assert (model.units, train.batch_size) == (7, 3)
    with pytest.raises(ConfigError, match="units"):
        plan.change(chosen.model, chosen.train, {"unit": 7})


def test_a_seed_text_is_the_texts_own_beginning():
    assert plan.first_words("\nFirst Citizen:\nBefore we") == "First Citizen:\n"
    assert plan.first_words("x" * 100) == "x" * 24
