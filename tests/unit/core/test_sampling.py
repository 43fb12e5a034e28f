import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.ops import softmax

UNKNOWN = 5
LOGITS = np.array([[0.0, 2.0, 1.0, -1.0, 0.5, 9.0], [3.0, 3.0, 0.0, 0.0, 0.0, 9.0]])

settings = st.builds(
    SampleConfig,
    temperature=st.floats(0, 20),
    top_k=st.none() | st.integers(1, 10),
    top_p=st.none() | st.floats(0.01, 1),
)


def choose(probabilities, uniforms):
    return sampling.Sampler(SampleConfig(), UNKNOWN, probabilities.shape).choose(probabilities, uniforms)


@given(settings)
def test_shaped_rows_are_distributions_without_the_unknown_character(config):
    shaped = sampling.sampling_probabilities(LOGITS, config, UNKNOWN)
    np.testing.assert_allclose(shaped.sum(axis=1), 1)
    assert (shaped >= 0).all() and (shaped[:, UNKNOWN] == 0).all()


def test_temperature_one_is_the_softmax_over_what_is_left():
    np.testing.assert_allclose(
        sampling.sampling_probabilities(LOGITS, SampleConfig(), UNKNOWN)[:, :5], softmax(LOGITS[:, :5])
    )


def test_temperature_zero_takes_the_most_likely_and_cold_comes_close():
    assert sampling.sampling_probabilities(LOGITS, SampleConfig(temperature=0), UNKNOWN)[0].tolist() == [
        0,
        1,
        0,
        0,
        0,
        0,
    ]
    assert sampling.sampling_probabilities(LOGITS, SampleConfig(temperature=0.02), UNKNOWN)[0, 1] > 0.999


def test_temperature_zero_takes_the_first_of_equals():
    assert sampling.sampling_probabilities(LOGITS, SampleConfig(temperature=0), UNKNOWN)[1].tolist() == [
        1,
        0,
        0,
        0,
        0,
        0,
    ]


def test_a_temperature_for_each_sample_does_to_it_what_it_does_alone():
    logits, temperatures = np.repeat(LOGITS[:1], 4, axis=0), (0.0, 0.5, 1.0, 3.0)
    config = SampleConfig(top_k=3, temperatures=temperatures)
    together = sampling.sampling_probabilities(logits, config, UNKNOWN)
    for row, temperature in zip(together, temperatures, strict=True):
        alone = sampling.sampling_probabilities(
            LOGITS[:1], SampleConfig(temperature=temperature, top_k=3), UNKNOWN
        )
        np.testing.assert_array_equal(row, alone[0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("temperatures", [[0, 1], (0.0, 1.0), np.array([0, 1], np.float32)])
def test_temperatures_may_come_in_any_form(temperatures):
    found = sampling.sampling_probabilities(LOGITS, SampleConfig(temperatures=temperatures), UNKNOWN)
    assert found[0].tolist() == [0, 1, 0, 0, 0, 0] and 0 < found[1, 2] < found[1, 0]


def test_a_sampler_is_not_changed_by_what_it_did_before():
    sampler = sampling.Sampler(SampleConfig(temperature=0.7), UNKNOWN, LOGITS.shape)
    first = sampler.probabilities(LOGITS)
    sampler.choose(sampler.unnormalized_probabilities(LOGITS[::-1]), np.array([0.1, 0.9]))
    np.testing.assert_array_equal(sampler.probabilities(LOGITS), first)
    assert LOGITS[0, UNKNOWN] == 9.0  # and leaves what it was given


def test_top_k_keeps_k_and_their_proportions():
    shaped = sampling.sampling_probabilities(LOGITS, SampleConfig(top_k=2), UNKNOWN)[0]
    assert np.flatnonzero(shaped).tolist() == [1, 2]
    assert shaped[1] / shaped[2] == pytest.approx(np.e)


def test_top_p_keeps_the_fewest_that_reach_p():
    probabilities = np.log(np.array([[0.5, 0.3, 0.15, 0.05, 1e-9, 1e-9]]))
    for p, kept in ((0.4, 1), (0.49, 1), (0.51, 2), (0.81, 3), (1.0, 5)):
        shaped = sampling.sampling_probabilities(probabilities, SampleConfig(top_p=p), UNKNOWN)
        assert (shaped > 0).sum() == kept, p


def test_draws_never_depend_on_how_many_samples_or_characters_are_asked_for():
    few, many = (
        sampling.uniforms(SampleConfig(seed=7, samples=samples, length=length))
        for samples, length in ((2, 10), (16, 100))
    )
    np.testing.assert_array_equal(few, many[:2, :10])
    assert len(np.unique(many)) == many.size


@pytest.mark.parametrize("length", [1, 499, 500, 501, 1200])
def test_random_numbers_drawn_some_at_a_time_are_those_drawn_at_once(length):
    drawn = sampling.uniforms(SampleConfig(seed=7, samples=3, length=length))
    at_once = [np.random.default_rng([7, i]).random(length) for i in range(3)]
    np.testing.assert_array_equal(drawn, at_once)
    assert [len(each) for each in sampling.each_uniforms(SampleConfig(samples=3, length=length))] == [3] * length


def test_choosing_is_a_point_on_the_bar():
    probabilities = np.array([[0.0, 0.25, 0.25, 0.5, 0.0, 0.0]] * 6)
    uniforms = np.array([0.0, 0.2499, 0.25, 0.5, 0.75, 1 - 2**-53])
    assert choose(probabilities, uniforms).tolist() == [1, 1, 2, 3, 3, 3]


@pytest.mark.parametrize("end", [0.3, 0.7, 1 - 2**-53, 1.0, 1 + 2**-52, 1.7])
def test_no_random_number_goes_past_the_last_character_that_can_come(end):
    probabilities = np.array([[0.25 * end, 0.75 * end, 0.0, 0.0, 0.0, 0.0]])
    assert choose(probabilities, np.array([1 - 2**-53])).tolist() == [1]


def test_frequencies_follow_the_probabilities():
    probabilities = softmax(LOGITS[:1])
    uniforms = np.random.default_rng(0).random(50_000)
    ids = choose(np.repeat(probabilities, len(uniforms), axis=0), uniforms)
    np.testing.assert_allclose(np.bincount(ids, minlength=6) / len(ids), probabilities[0], atol=0.01)


@pytest.mark.filterwarnings("error")
@given(settings)
def test_the_sampler_gives_the_plain_versions_probabilities(config):
    fast = sampling.sampling_probabilities(LOGITS, config, UNKNOWN)
    for row, logits in zip(fast, LOGITS.astype(np.float32), strict=True):  # as networks give them
        np.testing.assert_allclose(row, sampling.plain_probabilities(logits, config, UNKNOWN), atol=1e-12)


@given(settings, st.floats(0, 1, exclude_max=True))
def test_the_sampler_chooses_as_the_plain_version_does(config, uniform):
    probabilities = sampling.sampling_probabilities(LOGITS, config, UNKNOWN)
    edges = np.cumsum(probabilities, axis=1)
    assume(np.abs(edges - uniform).min() > 1e-12)  # at an edge the last bit of a sum decides
    chosen = choose(probabilities, np.full(2, uniform))
    assert chosen.tolist() == [sampling.plain_choose(row, uniform) for row in probabilities]
