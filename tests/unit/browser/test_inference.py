"""The engine reads, writes and evaluates as the core does, with every kind of model."""

from functools import cache

import numpy as np
import pytest
from safetensors.numpy import save

from charlab.browser import engine
from charlab.core import generation, ngram, reading
from charlab.core.config import ModelConfig, SampleConfig
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.runs import models
from helpers.javascript import evaluate_js
from helpers.slow_tests import slow
from helpers.tiny import random_weights

TEXT = "ROMEO:\nBut soft, what light through yonder window breaks? It is the east, and Juliet is the sun.\n" * 3
VOCAB = Vocab.from_text(TEXT)
NETWORKS = {
    "gru": ModelConfig(kind="gru", units=24, embedding=8),
    "gru, one-hot, 3 layers": ModelConfig(kind="gru", layers=3, units=17, embedding=0),
    "lstm": ModelConfig(kind="lstm", units=24, embedding=8),
    "lstm, 3 layers": ModelConfig(kind="lstm", layers=3, units=18, embedding=0),
    "gru, 2 layers": ModelConfig(kind="gru", layers=2, units=20, embedding=5),
    "transformer": ModelConfig(kind="transformer", layers=2, units=24, heads=4, context=31),
}
LOAD = """
import { buildPredictor } from "./predictor.js";
import { evaluate, explain, predictionAt } from "./reading.js";
import { generate } from "./generation.js";
import { readArrays } from "./safetensors.js";
import { vocabulary } from "./vocabulary.js";
const load = ({ model, vocab, weights, wasm = null }) => {
  const read = vocabulary(vocab);
  return [buildPredictor(model, read.size, readArrays(weights), wasm), read];
};
"""
READ = (
    LOAD
    + """
const main = (input) => {
  const [predictor, vocab] = load(input), read = explain(predictor, vocab, input.text);
  const said = Array.from({ length: read.ids.length }, (_, t) => predictionAt(read, t, vocab.size));
  const [bits, ranks, entropies] = ["bits", "rank", "entropy"].map((name) => said.map((one) => one[name]));
  return { ...read, bits, ranks, entropies };
};
"""
)
WRITE = (
    LOAD
    + """
const main = async (input) => {
  const [predictor, vocab] = load(input);
  return Promise.all(input.configs.map(async (config) => {
    const texts = [], probabilities = [];
    await generate(predictor, vocab, input.prompt, config, (piece) => {
      piece.texts.forEach((text, n) => { texts[n] = (texts[n] ?? "") + text; });
      const length = piece.probabilities.length / piece.texts.length;
      piece.texts.forEach((_, n) => {
        (probabilities[n] ??= []).push(...piece.probabilities.slice(n * length, (n + 1) * length));
      });
    });
    return { texts, probabilities };
  }));
};
"""
)


@cache
def given(name: str) -> tuple[ModelConfig, dict[str, np.ndarray], Vocab]:
    """A model by name: a network with random weights, counts, or a starter with its trained weights."""
    if name in NETWORKS:
        return NETWORKS[name], random_weights(NETWORKS[name], len(VOCAB), scale=0.3), VOCAB
    if name == "counts":  # in 64 bits, beyond what a double-precision number tells apart
        model = ModelConfig(kind="ngram", order=12)
        return model, ngram.count(VOCAB.encode(TEXT), len(VOCAB), 12), VOCAB
    run = models.find(name)
    return run.config().model, run.weights(), run.vocab()


def inputs(name: str, simd: bool = False) -> dict:
    model, weights, vocab = given(name)
    file = np.frombuffer(save(weights), np.uint8)
    kernels = {"wasm": np.frombuffer(engine.kernels(), np.uint8)} if simd else {}
    return {"model": model.to_json(), "vocab": vocab.to_json(), "weights": file} | kernels


def predictor(name: str):
    model, weights, vocab = given(name)
    return build_predictor(model, len(vocab), weights)


MODELS = [*NETWORKS, "counts", "small-gru", "best-gru", "mini-gpt"]


@pytest.mark.parametrize("simd", [False, True], ids=["plain", "kernels"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_and_figures_are_those_of_the_core(name, simd):
    vocab, text = given(name)[2], TEXT[:150] + "ä" + TEXT[:20]
    got = evaluate_js(READ, text=text, **inputs(name, simd))
    wanted = reading.explain(predictor(name), vocab, text)
    assert (got["ids"] == vocab.encode(text)).all()
    logits = got["logits"].reshape(len(text), len(vocab))
    assert np.abs(logits - wanted.logits).max() < 1e-5
    known = ~np.isnan(wanted.bits)
    assert [bits is not None for bits in got["bits"]] == [*known, False]
    assert np.array(got["bits"], float)[:-1] == pytest.approx(wanted.bits, abs=2e-5, nan_ok=True)
    assert got["entropies"] == pytest.approx(wanted.entropies, abs=2e-5)
    assert np.array(got["ranks"], float)[:-1] == pytest.approx(wanted.ranks, nan_ok=True)


CONFIGS = (
    SampleConfig(length=300, seed=5),
    SampleConfig(length=300, temperature=0.5, samples=3),
    SampleConfig(length=300, temperature=0.0),
    SampleConfig(length=300, temperature=1.3, top_k=5, seed=2**31 - 1),
    SampleConfig(length=300, top_p=0.9, seed=2),
    SampleConfig(length=300, temperature=0.8, top_k=12, top_p=0.7, seed=3),
    SampleConfig(length=300, temperatures=(0.0, 0.7, 1.5), seed=4),
)


@pytest.mark.parametrize("simd", [False, True], ids=["plain", "kernels"])
@pytest.mark.parametrize("name", ["small-gru", "lstm, 3 layers", slow("mini-gpt"), "counts"])
def test_three_hundred_characters_are_those_that_generate_writes(name, simd):
    vocab, chosen = given(name)[2], CONFIGS[3:6] if name == "mini-gpt" else CONFIGS  # which takes the longest
    written = [config.to_json() for config in chosen]
    got = evaluate_js(WRITE, prompt="ROMEO:\n", configs=written, **inputs(name, simd))
    for config, written in zip(chosen, got, strict=True):
        steps = list(generation.generate(predictor(name), vocab, "ROMEO:\n", config))
        assert written["texts"] == generation.texts(steps, vocab)
        wanted = np.array([generation.chosen_probabilities(step) for step in steps]).T
        assert np.array(written["probabilities"]) == pytest.approx(wanted, abs=2e-5)


def test_without_a_prompt_it_begins_a_line():
    config = SampleConfig(length=40)
    (got,) = evaluate_js(WRITE, prompt="", configs=[config.to_json()], **inputs("small-gru"))
    vocab = given("small-gru")[2]
    assert got["texts"] == generation.texts(generation.generate(predictor("small-gru"), vocab, "", config), vocab)


EVALUATE = (
    LOAD
    + """
const main = (input) => {
  const [predictor, vocab] = load(input);
  return Promise.all(input.windows.map((window) => evaluate(predictor, input.ids, vocab.unknown, window)));
};
"""
)


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_is_that_of_evaluate(name):
    vocab, windows = given(name)[2], (256, 40, 0)
    ids = vocab.encode(TEXT + "ä€" + TEXT[:100])
    for window, got in zip(
        windows, evaluate_js(EVALUATE, ids=ids, windows=windows, **inputs(name, simd=True)), strict=True
    ):
        wanted = reading.evaluate(predictor(name), vocab, ids, window)
        assert got["loss"] == pytest.approx(wanted.loss_nats, abs=1e-6)
        assert got["accuracy"] == pytest.approx(wanted.accuracy)
        assert (got["characters"], got["unknown"]) == (wanted.characters, wanted.unknown)


ALPHABETS = """
import { alphabetOf, vocabulary } from "./vocabulary.js";
const main = ({ text, lower_case, maximum }) => {
  const characters = alphabetOf(text, { lower_case, maximum }), vocab = vocabulary({ characters, lower_case });
  return { characters, ids: vocab.encode(text), decoded: vocab.decode(vocab.encode(text)), size: vocab.size };
};
"""


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize("maximum", [512, 9])
def test_alphabets_are_those_of_the_core(lower_case, maximum):
    text = "Straße, ÄÖÜ, İstanbul, ΣΊΣΥΦΟΣ, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢, 𐐀𐐨, 👍🏽, zzz\n" * 2
    vocab = Vocab.from_text(text, lower_case, maximum)
    got = evaluate_js(ALPHABETS, text=text, lower_case=lower_case, maximum=maximum)
    assert (got["characters"], got["size"]) == (vocab.characters, len(vocab))
    assert (got["ids"] == vocab.encode(text)).all()
    assert got["decoded"] == vocab.decode(vocab.encode(text))


WEIGHTS = """
import { readArrays, readMetadata, writeArrays } from "./safetensors.js";
const main = ({ file }) => {
  const arrays = readArrays(file), again = writeArrays(arrays, { step: "3" });
  return { arrays, again, metadata: readMetadata(again), same: Object.keys(readArrays(again)).length };
};
"""


def test_weights_are_read_in_every_type_and_written_as_they_are():
    from safetensors.numpy import load

    rng = np.random.default_rng(0)
    halves = np.concatenate([rng.normal(0, 1, 50), [0.0, 6e-8, 1e-5, -65504.0]]).astype(np.float16)
    arrays = {"half": halves.reshape(6, 9), "single": rng.normal(0, 1, (3, 5)).astype(np.float32)}
    arrays |= {f"u{n}": np.array([1, 200], f"uint{n}") for n in (8, 16, 32, 64)}
    got = evaluate_js(WEIGHTS, file=np.frombuffer(save(arrays), np.uint8))
    assert {name: tuple(part["shape"]) for name, part in got["arrays"].items()} == {
        name: array.shape for name, array in arrays.items()
    }
    again = load(got["again"].tobytes())
    assert got["metadata"] == {"step": "3"} and got["same"] == len(arrays)
    for name, array in arrays.items():
        assert (again[name] == array).all() and again[name].shape == array.shape


def test_damaged_weights_are_refused_in_a_sentence():
    code = """
import { readArrays } from "./safetensors.js";
const main = ({ files }) => files.map((file) => {
  try { return readArrays(file); } catch (problem) { return problem.message; }
});
"""
    whole = save({"a": np.zeros(4, np.float32)})
    files = [np.frombuffer(data, np.uint8) for data in (whole[:-1], whole[:30], b"")]
    assert all("damaged" in said for said in evaluate_js(code, files=files))
