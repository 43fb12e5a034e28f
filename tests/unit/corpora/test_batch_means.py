"""The standard error of a mean loss: right for independent losses, and larger where neighbours are alike."""

import numpy as np
import pytest

from charlab.corpora import batch_means


def test_of_independent_losses_it_is_their_spread_over_the_root_of_their_number():
    losses = np.random.default_rng(1).normal(2, 0.5, (200, 2_000))
    errors = [batch_means.standard_error_of(row) for row in losses]
    assert np.mean(errors) == pytest.approx(0.5 / np.sqrt(2_000), rel=0.05)


def test_where_neighbours_are_alike_it_is_that_of_as_many_groups():
    """Each of 100 independent losses 50 times in a row: the error is that of 100 losses, not of 5,000."""
    losses = np.random.default_rng(2).normal(2, 0.5, (200, 100)).repeat(50, axis=1)
    errors = [batch_means.standard_error_of(row) for row in losses]
    assert np.mean(errors) == pytest.approx(0.5 / np.sqrt(100), rel=0.05)
    assert np.mean(losses.std(axis=1)) / np.sqrt(5_000) < 0.2 * np.mean(errors)


def test_the_mean_is_within_two_errors_nineteen_times_of_twenty():
    losses = np.random.default_rng(3).normal(2, 0.5, (1_000, 60)).repeat(5, axis=1)
    errors = np.array([batch_means.standard_error_of(row) for row in losses])
    assert np.mean(np.abs(losses.mean(axis=1) - 2) < 2 * errors) == pytest.approx(0.94, abs=0.02)


def test_characters_that_do_not_count_are_left_out():
    losses = np.random.default_rng(4).normal(2, 0.5, 2_000)
    losses[::2] = np.nan
    sums = np.array([np.nansum(part) for part in losses.reshape(20, 100)])
    assert batch_means.standard_error_of(losses) == pytest.approx(
        batch_means.standard_error(sums, np.full(20, 50))
    )
    means = sums / 50
    assert batch_means.standard_error_of(losses) == pytest.approx(means.std(ddof=1) / np.sqrt(20))


@pytest.mark.parametrize(("characters", "known"), [(1, False), (4, False), (5, True), (20, True), (1_000, True)])
def test_it_is_known_from_five_blocks_on(characters, known):
    losses = np.random.default_rng(5).normal(2, 0.5, characters)
    assert (batch_means.standard_error_of(losses) is not None) == known
    assert batch_means.standard_error_of(np.full(100, 1.5)) == 0
    assert batch_means.standard_error_of(np.full(100, np.nan)) is None


def test_blocks_are_equal_parts_in_order():
    blocks = batch_means.block_of(np.arange(1_010), 1_010)
    assert (np.diff(blocks) >= 0).all() and set(blocks) == set(range(20))
    assert set(np.bincount(blocks)) == {50, 51}
