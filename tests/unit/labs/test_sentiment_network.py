"""The judge of reviews in NumPy: its size, what it reads, and that it agrees with Keras."""

import numpy as np
import pytest

from charlab.core.ops import sigmoid
from charlab.core.recurrent import plain_gru_step
from charlab.errors import ConfigError, ModelError
from charlab.labs.sentiment import network
from charlab.labs.sentiment.forms import NETWORKS, Form
from charlab.labs.sentiment.network import Judge
from charlab.labs.sentiment.words import Words

WORDS = Words.of([["the", "film", "is", "not", "good", "bad", "at", "all", "odd"]], known=8, buckets=3)
TEXTS = ["good", "The film is not bad at all", "odd unseen words in the film", "the " * 20]
FORMS = [Form(name, masked) for name in ("gru", "mean", "bidirectional", "lecture") for masked in (True, False)]


def random_weights(form: Form, seed: int = 1) -> dict[str, np.ndarray]:
    """Kernels that neither drown a state nor blow up what rounding adds to it, whichever processor adds up."""
    random = np.random.default_rng(seed)
    shapes = network.shapes(form, WORDS.ids_in_all)
    return {
        name: random.normal(0, min(0.4, 1 / np.sqrt(shape[0])), shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def judge_of(form: Form) -> Judge:
    return Judge(form, random_weights(form), WORDS)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("lecture", 1_606_401), ("gru", 358_401), ("bidirectional", 364_769), ("mean", 176_033)],
)
def test_the_networks_have_as_many_parameters_as_the_lecture_and_the_prototypes(name, parameters):
    assert network.parameter_count(Form(name)) == parameters


def test_a_gru_reads_word_by_word():
    form = Form("gru")
    weights, hidden, after = random_weights(form), np.zeros((1, 32), np.float32), []
    for word in "the film is not unseen".split():
        layer = [weights[f"layer_0/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
        hidden = plain_gru_step(weights["embedding"][None, WORDS.id(word)], hidden, *layer)
        after.append(sigmoid(hidden @ weights["head/kernel"] + weights["head/bias"])[0, 0])
    judged = Judge(form, weights, WORDS).judge("The film is not unseen.")
    assert np.abs(judged.after - after).max() < 1e-5
    assert np.abs(judged.hidden[-1] - hidden[0]).max() < 1e-5 and judged.hidden.shape == (5, 32)


def test_a_mean_adds_up_what_each_word_says():
    form = Form("mean")
    weights = random_weights(form)
    judged = Judge(form, weights, WORDS).judge("film not good film")
    votes = weights["embedding"] @ weights["head/kernel"][:, 0]  # w . e
    ids = [WORDS.id(word) for word in judged.words]
    assert abs(judged.verdict - sigmoid(votes[ids].mean(keepdims=True) + weights["head/bias"])[0]) < 1e-6
    turned = Judge(form, weights, WORDS).judge("good film film not")
    assert abs(judged.verdict - turned.verdict) < 1e-6  # the order does not matter


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.code)
def test_each_judgement_is_that_of_a_text_of_its_own(form):
    judge = judge_of(form)
    judged = judge.judge(TEXTS[1])
    words = list(judged.words)
    for place in range(len(words)):
        beginning = judge.judge(" ".join(words[: place + 1]))
        assert abs(judged.after[place] - beginning.verdict) < 1e-6
        without = judge.judge(" ".join(words[:place] + words[place + 1 :]))
        assert abs(judged.contributions[place] - (judged.verdict - without.verdict)) < 1e-6
    assert judge.judge("good").contributions.tolist() == [0]  # without its only word there is no text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.code)
def test_it_agrees_with_keras_and_with_the_network_that_is_trained(form):
    pytest.importorskip("tensorflow")
    from charlab.labs.sentiment import train
    from charlab.training import keras_networks

    weights, length = random_weights(form), 24
    judge = Judge(form, weights, WORDS)
    judge.length = length
    split = [network.words.split(text) for text in TEXTS]
    rows = WORDS.ids(split, length)
    ours = judge.probabilities([WORDS.ids([text], len(text))[0] for text in split])
    stock = train.stock_network(form, weights).predict(rows, verbose=0)[:, 0]
    assert np.abs(stock - ours).max() < 1e-5
    for by_hand in (True, False):

        def make(config, size, seeds, policy, by_hand=by_hand, **_):
            return train.JudgeNetwork(config, size, seeds, policy, form, by_hand)

        twin = keras_networks.build(form.model, WORDS.ids_in_all, network_class=make)
        keras_networks.load_arrays(twin, weights)
        assert np.abs(sigmoid(twin(rows).numpy()) - ours).max() < 1e-5


def test_padding_that_is_read_changes_the_judgement_and_masked_padding_does_not():
    judge = judge_of(Form("gru"))
    read = judge.after_padding("not good", 30)
    assert len(read) == 31 and abs(read[0] - judge.judge("not good").verdict) < 1e-6
    assert abs(read[30] - read[0]) > 1e-3
    unmasked = judge_of(Form("gru", masked=False))
    filled = unmasked.after_padding("not good", unmasked.length - 2)
    assert abs(filled[-1] - unmasked.judge("not good").verdict) < 1e-6


def test_the_plane_is_that_of_the_largest_variance():
    random = np.random.default_rng(3)
    points = random.normal(size=(200, 5)) * [9, 4, 1, 0.5, 0.1] + 7
    flat, shares = network.plane(points)
    assert flat.shape == (200, 2) and abs(flat.mean(0)).max() < 1e-6
    variances = np.sort(np.linalg.eigvalsh(np.cov(points.T)))[::-1]
    assert np.allclose(flat.var(0, ddof=1), variances[:2]) and np.allclose(shares, variances[:2] / variances.sum())


def test_neighbours_point_in_the_same_direction():
    vectors = np.array([[1, 0], [2, 0.1], [0, 1], [-3, 0], [0, 0]], np.float32)
    found = network.neighbours(vectors, 0, 3)
    assert [place for place, _ in found] == [1, 2, 4] and abs(found[0][1] - 2 / np.hypot(2, 0.1)) < 1e-6


def test_the_first_vectors_are_a_function_of_the_seed():
    one, again, other = (network.first_vectors(Form(), seed, 50) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any() and np.abs(one).max() <= 0.05


@pytest.mark.parametrize("text, said", [("", "no word"), ("!? 12", "no word"), ("w " * 500, "at most 120 words")])
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(ConfigError, match=said):
        judge_of(Form()).judge(text)


def test_weights_of_another_network_are_refused():
    weights = random_weights(Form())
    with pytest.raises(ModelError, match="head/bias"):
        Judge(Form(), {name: array for name, array in weights.items() if name != "head/bias"}, WORDS)
    with pytest.raises(ModelError, match="backward_0"):
        Judge(Form("bidirectional"), weights, WORDS)
    assert set(NETWORKS) == {"gru", "mean", "bidirectional", "lecture"}
