"""The tiny GPT-2 of tests/data, which benchmarks/tiny_gpt2.py made, against the library `transformers`."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from charlab.errors import ModelError
from charlab.labs.gpt2 import network, weights
from helpers.tiny import read
from helpers.tiny_gpt2 import FOLDER, NETWORK, TOKENS

REFERENCE = load_file(FOLDER / "reference.safetensors")
IDS = REFERENCE["ids"].astype(np.int64)


@pytest.fixture
def published():
    return load_file(FOLDER / "model.safetensors")


@pytest.fixture
def tiny_gpt2(published):
    return network.Gpt2(published, NETWORK, TOKENS)


def test_gpt_2_small_has_the_published_number_of_parameters():
    assert network.parameter_count() == 124_439_808


def test_every_published_weight_is_used_and_every_mask_left_out(published):
    used = {network.published_name(name) for name in network.shapes(NETWORK, TOKENS)}
    assert published.keys() - used == {"h.0.attn.bias", "h.1.attn.bias"}
    assert used < published.keys()


def test_logits_and_attention_are_the_library_s(tiny_gpt2):
    logits, attention = tiny_gpt2.read(IDS)
    assert np.ptp(REFERENCE["logits"]) > 1  # far more than the difference allowed
    np.testing.assert_allclose(logits, REFERENCE["logits"], atol=1e-4, rtol=0)
    assert attention.keys() == {"block_0/attention", "block_1/attention"}
    for name, weights_of_layer in attention.items():
        np.testing.assert_allclose(weights_of_layer, REFERENCE[name], atol=1e-5, rtol=0)


def test_token_by_token_with_a_growing_cache_as_in_one_pass(tiny_gpt2):
    whole, attention = tiny_gpt2.read(IDS)
    np.testing.assert_allclose(read(tiny_gpt2, IDS)[:, 0], whole, atol=1e-5, rtol=0)
    np.testing.assert_allclose(read(tiny_gpt2, IDS, samples=3)[:, 2], whole, atol=1e-5, rtol=0)
    for name, found in tiny_gpt2.activations(IDS).items():
        np.testing.assert_allclose(found, attention[name], atol=1e-6, rtol=0)


def test_texts_that_are_alike_so_far_are_read_once_and_then_apart(tiny_gpt2):
    texts = np.stack([IDS[:12], np.append(IDS[:8], IDS[20:24]), np.append(IDS[:8], IDS[30:34])])
    state, rows = tiny_gpt2.start(3), []
    for t in range(12):
        logits, state = tiny_gpt2.step(texts[:, t], state)
        rows.append(state.keys.shape[1])
        assert logits.shape == (3, TOKENS)
    assert rows == [1] * 8 + [3] * 4
    for found, text in zip(logits, texts, strict=True):
        np.testing.assert_allclose(found, tiny_gpt2.read(text)[0][-1], atol=1e-5, rtol=0)


def test_the_cache_grows_and_beyond_the_context_it_goes_on_from_the_last_half(published, monkeypatch):
    monkeypatch.setattr(network, "_ROOM", 8)
    tiny_gpt2 = network.Gpt2(published, NETWORK, TOKENS)
    long = np.tile(IDS, 2)[: NETWORK.context + 1]
    state, rooms = tiny_gpt2.start(1), []
    for i in long:
        logits, state = tiny_gpt2.step(np.array([i]), state)
        rooms.append(state.keys.shape[3])
    assert rooms[:17] == [8] * 8 + [16] * 8 + [24] and max(rooms) == NETWORK.context
    np.testing.assert_allclose(logits[0], tiny_gpt2.read(long[-33:])[0][-1], atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["wte.weight", "h.1.mlp.c_fc.bias"])
def test_weights_that_do_not_fit_are_named(published, name):
    with pytest.raises(ModelError, match=rf"'{name}' should be .*Received: \(3, 3\)"):
        network.Gpt2(published | {name: np.zeros((3, 3), np.float32)}, NETWORK, TOKENS)
    with pytest.raises(ModelError, match=f"'{name}' should be .*Received: nothing"):
        network.Gpt2({n: array for n, array in published.items() if n != name}, NETWORK, TOKENS)


def with_an_odd_header(path):
    """The tiny checkpoint, whose numbers begin at an odd address as those of the published one do."""
    data = (FOLDER / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    odd = size + 1 - size % 2
    path.write_bytes(odd.to_bytes(8, "little") + data[8 : 8 + size] + b" " * (odd - size) + data[8 + size :])
    return path


def test_an_aligned_file_has_the_same_weights_and_no_masks(tmp_path, published):
    source, target = with_an_odd_header(tmp_path / "published"), tmp_path / "aligned.safetensors"
    weights.align(source, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aligned.safetensors", "published"]
    found = weights.read(target)
    assert found.keys() == {name for name in published if not name.endswith(".attn.bias")}
    for name, array in found.items():
        np.testing.assert_array_equal(array, published[name])
        assert array.flags.aligned and array.dtype == np.float32 and not array.flags.writeable
    assert load_file(target).keys() == found.keys()  # the library reads it, too
    logits, _ = network.Gpt2(found, NETWORK, TOKENS).read(IDS)
    np.testing.assert_allclose(logits, REFERENCE["logits"], atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "damaged", [b"", b"\0" * 7, b"\xff" * 8, b"\2\0\0\0\0\0\0\0[]", b"\1\0\0\0\0\0\0\0x", None]
)
def test_a_damaged_file_is_told(tmp_path, damaged):
    whole = (FOLDER / "model.safetensors").read_bytes()
    path = tmp_path / "weights"
    path.write_bytes(whole[:-1] if damaged is None else damaged)
    with pytest.raises(ModelError, match="not a complete file of GPT-2's weights .* download it again"):
        weights.read(path)
