"""Every order of batches is compared, character by character, with a reader that uses plain loops."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlab.core.config import TrainConfig
from charlab.corpora.batching import gather, offsets, sample_rows, shuffled, validation_rows
from charlab.errors import CorpusError


def config(batches, **changes):
    return TrainConfig(**{"batch_size": 3, "sequence_length": 4, "batches": batches, "seed": 7} | changes)


def epoch_of(config, ids, epoch=0):
    """All batches of an epoch: a list of [B][T + 1] lists."""
    epoch_offsets = offsets(config, len(ids), epoch)
    return [
        gather(ids, epoch_offsets[step], config.sequence_length).tolist() for step in range(len(epoch_offsets))
    ]


# The readers: how the sources go through a text, written without arrays


def read_streams(ids, rows, length):
    """Géron's stateful batches: each row of a batch continues where the same row of the previous batch ended."""
    stream_length = len(ids) // rows
    streams = [ids[row * stream_length : (row + 1) * stream_length] for row in range(rows)]
    batches, position = [], 0
    while position + length + 1 <= stream_length:
        batches.append([list(stream[position : position + length + 1]) for stream in streams])
        position += length
    return batches


def read_chunks(ids, length, shift):
    """The text cut every `shift` characters, as dataset.window(length + 1, shift, drop_remainder=True) does."""
    chunks, start = [], 0
    while start + length + 1 <= len(ids):
        chunks.append(tuple(ids[start : start + length + 1]))
        start += shift
    return chunks


def read_validation(n, context, window):
    """(input places, place predicted) of every prediction, as the NumPy Transformer's cache would hold them."""
    predictions, cache = [], []
    for i in range(n - 1):
        if i % window == 0:
            cache = []
        elif len(cache) == context:
            cache = cache[len(cache) - context // 2 :] if context // 2 else []
        cache = [*cache, i]
        predictions.append((cache, i + 1))
    return predictions


def test_streams_read_on_as_the_plain_reader_does():
    ids = np.arange(100, 167, dtype=np.uint8)  # 67 characters: 3 streams of 22, one character over
    for epoch in (0, 1):
        assert epoch_of(config("streams"), ids, epoch) == read_streams(ids.tolist(), 3, 4)


@given(st.integers(1, 50), st.integers(1, 7), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_streams_of_any_size(rows, length, characters):
    ids = np.arange(characters)
    expected = read_streams(ids.tolist(), rows, length)
    chosen = config("streams", batch_size=rows, sequence_length=length)
    if expected:
        assert epoch_of(chosen, ids) == expected
    else:
        with pytest.raises(CorpusError, match="too short"):
            offsets(chosen, characters, 0)


@pytest.mark.parametrize("shift", [0, 1, 2, 5, 9])
def test_chunks_are_each_taken_once_in_full_batches(shift):
    ids = np.arange(61)
    expected = read_chunks(ids.tolist(), 4, shift or 5)
    taken = [tuple(row) for batch in epoch_of(config("chunks", shift=shift), ids) for row in batch]
    assert len(taken) == len(expected) // 3 * 3
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(expected)


def test_chunks_are_shuffled_anew_each_epoch_and_by_seed():
    ids = np.arange(2001)
    orders = [
        epoch_of(config("chunks", seed=seed), ids, epoch) for seed, epoch in ((7, 0), (7, 1), (8, 0), (7, 0))
    ]
    assert orders[0] == orders[3]
    assert orders[0] != orders[1] and orders[0] != orders[2]
    in_text_order = sorted(row for batch in orders[0] for row in batch)
    assert [row for batch in orders[0] for row in batch] != in_text_order


def test_windows_lie_anywhere_in_the_text_and_are_drawn_from_seed_and_epoch():
    ids = np.arange(40)
    batches = epoch_of(config("windows", steps_per_epoch=400), ids)
    assert len(batches) == 400
    for batch in batches:
        for row in batch:
            assert row == list(range(row[0], row[0] + 5))
    places = np.bincount([row[0] for batch in batches for row in batch], minlength=36)
    assert len(places) == 36 and places.min() > 10  # 33 each on average, the first and the last place included
    assert batches == epoch_of(config("windows", steps_per_epoch=400), ids)
    assert batches != epoch_of(config("windows", steps_per_epoch=400), ids, epoch=1)
    assert batches != epoch_of(config("windows", steps_per_epoch=400, seed=8), ids)


def test_an_epoch_of_windows_is_once_through_the_text():
    assert len(offsets(config("windows"), 1200, 0)) == 100
    assert len(offsets(config("windows"), 1201, 0)) == 101


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_a_step_can_be_asked_for_alone(batches):
    chosen = config(batches)
    whole = [row.tolist() for row in (offsets(chosen, 500, 2)[step] for step in range(10))]
    assert offsets(chosen, 500, 2)[9].tolist() == whole[9]
    assert offsets(chosen, 500, 2)[3].tolist() == whole[3]
    assert offsets(chosen, 500, 2)[3].dtype == np.int64


@pytest.mark.parametrize("batches", ["chunks", "streams"])
def test_steps_per_epoch_is_a_limit(batches):
    assert len(offsets(config(batches, steps_per_epoch=2), 500, 0)) == 2
    assert len(offsets(config(batches, steps_per_epoch=2000), 500, 0)) < 100


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_a_text_too_short_is_refused_in_words(batches):
    with pytest.raises(CorpusError, match="too short"):
        offsets(config(batches), 4, 0)


def test_a_step_outside_the_epoch_is_refused():
    with pytest.raises(IndexError, match="Received: -1"):
        offsets(config("streams"), 500, 0)[-1]


@given(st.integers(1, 3000), st.integers(0, 2**31 - 1))
@settings(max_examples=40, deadline=None)
def test_shuffling_is_one_to_one(count, seed):
    assert sorted(shuffled(np.arange(count), count, (seed, 0)).tolist()) == list(range(count))


def test_shuffling_spreads_evenly():
    """Neighbours land independently: no more correlation than chance leaves in 10,000 places."""
    landed = shuffled(np.arange(10_000), 10_000, (1, 2)).astype(float)
    for lag in (1, 2, 3, 16, 100):
        assert abs(np.corrcoef(landed[:-lag], landed[lag:])[0, 1]) < 0.04


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_a_long_text_takes_no_memory(batches):
    chosen = config(batches, batch_size=64, sequence_length=100, shift=1)
    tracemalloc.start()
    epoch_offsets = offsets(chosen, 100_000_000, 0)
    epoch_offsets[0], epoch_offsets[len(epoch_offsets) - 1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_gathered_rows_are_what_the_network_takes():
    rows = gather(np.arange(20, dtype=np.uint16), np.array([0, 15]), 4)
    assert rows.dtype == np.int32
    assert rows.tolist() == [[0, 1, 2, 3, 4], [15, 16, 17, 18, 19]]


@given(st.integers(2, 90), st.integers(2, 12), st.integers(1, 30))
@settings(max_examples=120, deadline=None)
def test_validation_rows_hold_what_a_cache_would(characters, context, window):
    """Ids are their own places, so a row shows which characters each prediction was made from."""
    rows = validation_rows(np.arange(characters), unknown_id=-1, context=context, window=window)
    seen = []
    for row, counts in zip(rows.ids.tolist(), rows.counts.tolist(), strict=True):
        seen += [(row[: t + 1], row[t + 1]) for t, counted in enumerate(counts) if counted]
    assert seen == read_validation(characters, context, window)
    assert rows.characters == characters - 1


def test_validation_leaves_out_unknown_characters():
    rows = validation_rows(np.array([0, 1, 9, 1, 9]), unknown_id=9, window=256)
    assert rows.counts.tolist() == [[True, False, True, False]]
    with pytest.raises(CorpusError, match="validation set cannot be evaluated"):
        validation_rows(np.array([0, 9, 9]), unknown_id=9)
    with pytest.raises(CorpusError, match="validation set cannot be evaluated"):
        validation_rows(np.array([0]), unknown_id=9)


@pytest.mark.parametrize("context", [None, 64])
def test_a_sample_of_the_training_set_is_cut_as_the_validation_set_is(context):
    ids = np.arange(20_000) % 50
    validation, sample = (
        validation_rows(ids[:4_001], 49, context),
        sample_rows(ids, 49, context, ids[:4_001], 10),
    )
    assert sample.ids.shape[1] == validation.ids.shape[1] and len(sample.ids) <= len(validation.ids)
    whole = validation_rows(ids[:257], 49, context)
    per_window = len(whole.ids)
    assert len(sample.ids) == 10 * per_window
    np.testing.assert_array_equal(sample.ids[:per_window], whole.ids)  # from the beginning
    np.testing.assert_array_equal(sample.counts[:per_window], whole.counts)
    last = validation_rows(ids[-257:], 49, context)
    np.testing.assert_array_equal(sample.ids[-per_window:], last.ids)  # to the end
    assert sample.characters == sum(
        int((ids[s + 1 : s + 257] != 49).sum()) for s in np.linspace(0, 19_743, 10).astype(int)
    )


def test_a_sample_is_no_larger_than_the_validation_set_and_may_have_nothing_to_count():
    ids = np.zeros(2_000, int)
    assert sample_rows(ids, 1, None, ids[:200], 64).counts.shape == (1, 199)
    assert sample_rows(ids, 1, None, ids[:2], 64).counts.shape == (1, 1)
    assert sample_rows(ids[:3], 1, None, ids[:200], 64).counts.shape == (1, 2)
    assert sample_rows(ids, 0, None, ids[:200], 64).characters == 0
