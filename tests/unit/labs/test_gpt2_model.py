"""The tiny GPT-2 as a model: generating, explaining, writing step by step, as with any other network."""

import os

import numpy as np
import pytest
from safetensors.numpy import load_file

from charlab.core import generation, reading, sampling
from charlab.core.config import SampleConfig
from charlab.errors import CharlabError, UnavailableError
from charlab.explain import branching
from charlab.explain.step_records import step_records
from charlab.labs.gpt2 import model, permission
from charlab.runs import memory
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, Actor
from helpers import tiny_gpt2

TEXT = "This royal throne of kings, \u4e2d \U0001f600"


@pytest.fixture
def source(monkeypatch):
    monkeypatch.delenv("CHARLAB_GPT2", raising=False)
    return tiny_gpt2.in_the_cache()


@pytest.fixture
def gpt2(source):
    return model.load(OPERATOR, source)


def test_it_is_loaded_once_for_everyone_and_again_when_its_file_has_changed(source):
    first = model.load(OPERATOR, source)
    assert model.load(Actor(TEACHER), source) is first and first.digest == source.sha256[:12]
    os.utime(source.path, (1, 1))
    assert model.load(OPERATOR, source) is not first


def test_what_cannot_be_loaded_is_told(source, monkeypatch):
    pupil = Actor(STUDENT, "0123456789abcdef")
    with pytest.raises(UnavailableError, match="Only the teacher can switch it on"):
        model.load(pupil, source)
    permission.allow(Actor(TEACHER), True)
    assert model.load(pupil, source)
    with pytest.raises(UnavailableError, match="not on this machine yet: .*download.* licence: MIT.* 548 MB"):
        model.load(OPERATOR)
    monkeypatch.setattr(memory, "free_bytes", lambda: 0)
    os.utime(source.path, (2, 2))
    with pytest.raises(UnavailableError, match="Tiny GPT-2 takes 0 MB of memory, and 0 MB are free. Close"):
        model.load(OPERATOR, source)


def test_an_explanation_is_that_of_reading_token_by_token(gpt2):
    found, slow = model.explain(gpt2, TEXT), reading.explain(gpt2.predictor, gpt2.vocab, TEXT)
    assert found.text == slow.text == gpt2.vocab.split(TEXT) and len(found.text) == len(found.logits)
    for name in ("logits", "probabilities", "next_probabilities", "bits", "ranks", "entropies"):
        np.testing.assert_allclose(getattr(found, name), getattr(slow, name), atol=1e-4, rtol=1e-4, err_msg=name)
    assert not np.isnan(found.bits).any()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-6)
    for layer in found.attention.values():
        assert layer.shape == (4, len(found.text), len(found.text))
        np.testing.assert_allclose(layer.sum(axis=2), 1, atol=1e-6)
        assert not np.triu(layer[0], 1).any()


def test_the_records_of_an_explanation_name_tokens(gpt2):
    records = step_records(model.explain(gpt2, TEXT), gpt2.vocab, top=3)
    tokens = list(gpt2.vocab.split(TEXT))
    assert [record["character"] for record in records] == tokens
    assert [record["next"] for record in records] == [*tokens[1:], None]
    assert records[-2]["character"] == "\\x98" and len(records[0]["top"]) == 3
    assert all(name is None or name in gpt2.vocab.characters for record in records for name, _ in record["top"])


def test_texts_that_cannot_be_explained_are_told(gpt2):
    with pytest.raises(CharlabError, match="no text to explain"):
        model.explain(gpt2, "")
    with pytest.raises(CharlabError, match="up to 64 tokens here. This one has 65. Shorten it."):
        model.explain(gpt2, "~" * 65)


def test_it_generates_as_any_model_does_and_never_the_end_of_a_text(gpt2):
    config = SampleConfig(length=12, samples=5, top_p=0.9, seed=3)
    steps = list(generation.generate(gpt2.predictor, gpt2.vocab, TEXT, config))
    assert len(steps) == 12 and all((step.ids < gpt2.vocab.unknown_id).all() for step in steps)
    written = generation.texts(steps, gpt2.vocab)
    assert len(set(written)) == 5
    again = generation.texts(generation.generate(gpt2.predictor, gpt2.vocab, TEXT, config), gpt2.vocab)
    assert again == written
    first = gpt2.predictor.read(gpt2.vocab.encode(TEXT).astype(np.int64))[0][-1]
    chosen = sampling.plain_choose(
        sampling.plain_probabilities(first, config, gpt2.vocab.unknown_id), sampling.uniforms(config)[0, 0]
    )
    assert steps[0].ids[0] == chosen
    shown = "".join(map(gpt2.vocab.incremental_decoder(), [step.ids[0] for step in steps]))
    assert written[0].rstrip("\ufffd") == shown.rstrip("\ufffd")


def test_writing_step_by_step_has_the_text_of_generate(gpt2):
    config = SampleConfig(length=6, samples=1, temperature=0.8, seed=5)
    (written,) = generation.texts(generation.generate(gpt2.predictor, gpt2.vocab, "to be", config), gpt2.vocab)
    reader = branching.Reader(gpt2.predictor, gpt2.vocab, "to be")
    branches = branching.from_code("s5t0.8n6", reader, gpt2.vocab)
    assert branching.decode(branches.path, gpt2.vocab) == written
    assert branches.position == 6
    back = branching.from_code("s5t0.8n2h7n1", reader.fork(), gpt2.vocab)  # the cache of a fork is its own
    assert back.ids[:2] == branches.ids[:2] and back.ids[2] == 7


def test_the_reference_s_logits_come_through_the_whole_way(gpt2):
    answers = load_file(tiny_gpt2.FOLDER / "reference.safetensors")
    logits, _ = gpt2.predictor.read(answers["ids"].astype(np.int64))
    np.testing.assert_allclose(logits, answers["logits"], atol=1e-4, rtol=0)
