"""GPT-2 (Radford et al., 2019) is the network of core/transformer.py, with more of everything and other names.

Only its head differs from that of the Transformers that the Train page makes: it has no numbers of its own. It
multiplies by the embedding once more, and adds no bias.
Names in shape comments: N texts side by side, V tokens of the vocabulary, H heads, T tokens of a text.
"""

from __future__ import annotations

import math

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.predictor import Weights
from charlab.core.transformer import Cache, TransformerNetwork, transformer_shapes
from charlab.errors import ModelError

SMALL = ModelConfig(kind="transformer", layers=12, units=768, heads=12, context=1024)  # 124 million parameters
TOKENS = 50_257
_ROOM = 16  # tokens for which the cache has room at first; it grows by as many
# How our names of weights begin and end, and how the published ones do.
_ENDS = {
    "embedding": "wte.weight",
    "position": "wpe.weight",
    "norm/scale": "ln_f.weight",
    "norm/offset": "ln_f.bias",
}
_LAYERS = {
    "norm_1": "ln_1", "attention": "attn.c_attn", "projection": "attn.c_proj",
    "norm_2": "ln_2", "expand": "mlp.c_fc", "contract": "mlp.c_proj",
}  # fmt: skip
_KINDS = {"kernel": "weight", "bias": "bias", "scale": "weight", "offset": "bias"}


def published_name(name: str) -> str:
    """What the published file calls a weight: "block_3/expand/kernel" -> "h.3.mlp.c_fc.weight"."""
    if name in _ENDS:
        return _ENDS[name]
    block, layer, kind = name.split("/")
    return f"h.{block.removeprefix('block_')}.{_LAYERS[layer]}.{_KINDS[kind]}"


def shapes(config: ModelConfig = SMALL, tokens: int = TOKENS) -> dict[str, tuple[int, ...]]:
    """The shape of every weight, by its name in core/transformer.py. There are none of the head."""
    every = transformer_shapes(config, tokens)
    return {name: shape for name, shape in every.items() if not name.startswith("head/")}


def parameter_count(config: ModelConfig = SMALL, tokens: int = TOKENS) -> int:
    """How many numbers training has changed: 124,439,808 in GPT-2 small."""
    return sum(math.prod(shape) for shape in shapes(config, tokens).values())


class Gpt2(TransformerNetwork):
    """A network with the published weights, whose arrays are used as they are, without a copy.

    Raises ModelError where a weight is missing or has another shape.
    """

    def __init__(self, weights: Weights, config: ModelConfig = SMALL, tokens: int = TOKENS) -> None:
        ours: Weights = {}
        for name, shape in shapes(config, tokens).items():
            found = weights.get(published_name(name))
            if found is None or found.shape != shape:
                raise ModelError(
                    f"The weights do not fit GPT-2: {published_name(name)!r} should be {shape}. "
                    f"Received: {'nothing' if found is None else found.shape}."
                )
            ours[name] = found
        ours |= {"head/kernel": ours["embedding"].T, "head/bias": np.zeros(tokens, np.float32)}
        super().__init__(config, tokens, ours)

    def read(self, ids: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """A text of at most `context` tokens in one pass, from an empty cache: ids [T] -> the logits after each
        token [T, V], and where its attention went, as `activations` has it ("block_0/attention" [H, T, T])."""
        logits, attention = self._read(ids[None], self.start(1))
        return logits[0], {f"block_{i}/attention": layer[0] for i, layer in enumerate(attention)}

    def start(self, samples: int) -> Cache:
        """An empty cache of one row, for any number of texts: they have one row in common for as long as they are
        alike. It begins small: one for `context` tokens takes 75 MB for each row."""
        cache = super().start(1)
        cache.keys, cache.values = (array[..., :0, :].copy() for array in (cache.keys, cache.values))
        return cache

    def step(self, ids: np.ndarray, state: Cache) -> tuple[np.ndarray, Cache]:
        """As the step of every Transformer; texts that are alike so far, as a prompt is, are read once."""
        N = len(ids)
        if N > 1 and len(state.ids) == 1:
            if (ids == ids[0]).all():
                logits, state = super().step(ids[:1], state)
                return np.broadcast_to(logits, (N, logits.shape[1])), state
            state.ids = state.ids.repeat(N, axis=0)
            state.keys, state.values = state.keys.repeat(N, axis=1), state.values.repeat(N, axis=1)
        return super().step(ids, state)

    def _read(self, ids: np.ndarray, cache: Cache) -> tuple[np.ndarray, list[np.ndarray]]:
        if (missing := cache.read + ids.shape[1] - cache.keys.shape[3]) > 0:
            *before, _, width = cache.keys.shape
            room = np.zeros((*before, -(-missing // _ROOM) * _ROOM, width), np.float32)
            cache.keys = np.concatenate([cache.keys, room], axis=3)
            cache.values = np.concatenate([cache.values, room], axis=3)
        return super()._read(ids, cache)
