import numpy as np
import pytest

from charlab.core.config import TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import encoding, splits
from charlab.corpora.uploads import made
from charlab.errors import ConfigError, CorpusError
from charlab.runs import plan
from charlab.runs.presets import PRESETS, preset
from helpers.left_out import CHINESE, NOVEL, QUOTES, RUSSIAN


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
    found = planned("The quick brown fox jumped over the lazy dog.\n" * 40)
    assert found.train.seed_text == "The quick brown fox "


def planned(text, name="quick-gru", **settings):
    chosen = preset(name)
    model, train = plan.change(chosen.model, chosen.train, settings)
    return plan.plan_run(made("text-0", "A text", text), name, model, train)


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, NOVEL], ids=["russian", "chinese", "novel"])
def test_a_text_of_which_less_than_half_can_be_read_is_refused_with_an_alphabet_that_fits(text):
    limit = 4096 if text is NOVEL else 128
    with pytest.raises(CorpusError) as refused:
        planned(text, "cloud-tpu-lstm")
    said = str(refused.value)
    assert said.startswith("This model can read ") and "too little to learn from" in said
    assert f"--set alphabet=corpus --set alphabet_limit={limit}" in said and "100%" in said
    fits = planned(text, "cloud-tpu-lstm", alphabet="corpus", alphabet_limit=limit)
    assert fits.coverage == () and fits.text.characters == len(text)


def test_under_nine_tenths_a_run_carries_a_warning_and_what_would_fit():
    run = planned(NOVEL)
    share = 512 * 20 / len(NOVEL)
    assert run.text.coverage.share == share and 0.5 < share < 0.9
    assert f"{share:.1%} of this text" in run.coverage[0] and "--set alphabet_limit=4096" in run.coverage[1]
    assert set(run.coverage) <= set(run.config().notes)
    assert run.config().coverage == run.text.coverage
    assert not planned(NOVEL, alphabet_limit=4096).coverage


def test_above_nine_tenths_it_is_said_without_a_warning():
    run = planned(QUOTES, "cloud-tpu-lstm")
    assert run.text.coverage.share > 0.9 and len(run.coverage) == 1 and run.text.fitting == ""
    assert planned(QUOTES).config().to_json().get("coverage") is None


def test_lengths_are_those_after_dropping():
    text = "abcd\n" * 600 + "海" * 1_900  # 3,000 of 4,900 remain
    run = planned(text, "cloud-tpu-lstm", batches="chunks")
    assert run.text.characters == 3_000
    expected = plan.fit_to_text(run.model, preset("cloud-tpu-lstm").train.replace(batches="chunks"), 3_000, 256)
    assert run.train.batch_size == expected[1].batch_size < 1024
    with pytest.raises(CorpusError, match="The 1,990 characters that remain are too few: a text needs 2,000"):
        planned("ab" * 995 + "海" * 1_000, "cloud-tpu-lstm")
    with pytest.raises(CorpusError, match="are the same: there is nothing to predict"):
        planned("a" * 2_500 + "海" * 1_000, "cloud-tpu-lstm")


def test_a_part_of_which_nothing_can_be_read_is_refused():
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    text = "".join(map(chr, range(33, 633))) * 8 + rare
    with pytest.raises(CorpusError, match="It can read nothing of the validation set. Raise the alphabet limit"):
        planned(text)
    assert planned(text, alphabet_limit=2048).coverage == ()


@pytest.mark.parametrize("split", ["end", "blocks"])
@pytest.mark.parametrize("part", ["training", "validation", ""])
def test_a_part_without_a_known_target_is_found(split, part):
    vocab, train, ids = Vocab("ab"), TrainConfig(split=split), np.arange(20_000) % 2
    if part:
        places = getattr(splits.divide(np.arange(len(ids)), vocab, train), part)
        ids[places[1:]] = vocab.unknown_id  # the first character of a part is no target
    facts = plan.TextFacts("name", "Title", len(ids), len(vocab), vocab, ids=ids)
    assert plan._unread_part(facts, train) == part


def test_no_alphabet_is_offered_where_none_would_read_more():
    text = "".join(map(chr, range(0x3400, 0x3400 + 30_000)))
    with pytest.raises(CorpusError, match="No alphabet that a model can have reads more"):
        planned(text, alphabet_limit=8192)
    with pytest.raises(CorpusError, match="Raise the alphabet limit to 8,192 characters, in the advanced"):
        planned(text)
