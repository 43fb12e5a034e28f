"""The kinds of model: one record for each, with everything that depends on the kind. V ids, U units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from charlab.core.config import ModelConfig
from charlab.core.ngram import NgramPredictor
from charlab.core.recurrent import CELLS, RecurrentNetwork
from charlab.core.transformer import TransformerNetwork, transformer_shapes

Shapes = dict[str, tuple[int, ...]]
LayerWords = tuple[str, str, int, tuple[str, ...]]  # name, what it does, numbers out, how its weights' names begin


@dataclass(frozen=True)
class Kind:
    """Everything that depends on a model's kind and needs only NumPy."""

    name: str
    title: str
    described: str  # as a sentence names it
    predictor: type[RecurrentNetwork | TransformerNetwork | NgramPredictor]
    context: Callable[[ModelConfig], int | None]  # how many characters it can look back; None: no limit
    shapes: Callable[[ModelConfig, int], Shapes] = lambda model, V: {}  # every weight of a network by name
    layers: Callable[[ModelConfig, int], list[LayerWords]] = lambda model, V: []  # from input to output
    size: Callable[[ModelConfig], str] = lambda model: f"{model.units} units"
    trained: bool = True  # by gradients, epoch by epoch; else counted in one pass


def of(model: ModelConfig) -> Kind:
    """The record of a model's kind."""
    return RECORDS[model.kind]


def _recurrent_shapes(model: ModelConfig, V: int) -> Shapes:
    U, D, cell = model.units, model.embedding or V, CELLS[model.kind]
    result: Shapes = {"embedding": (V, D)} if model.embedding else {}
    for i in range(model.layers):
        result[f"layer_{i}/kernel"] = (U if i else D, cell.gates * U)
        result[f"layer_{i}/recurrent_kernel"] = (U, cell.gates * U)
        result[f"layer_{i}/bias"] = (*cell.biases, cell.gates * U)
    return result | {"head/kernel": (U, V), "head/bias": (V,)}


def _recurrent_layers(model: ModelConfig, V: int) -> list[LayerWords]:
    U, D = model.units, model.embedding or V
    table: LayerWords = ("Embedding", f"a character becomes {D} numbers", D, ("embedding",))
    found = [table if model.embedding else ("One-hot", f"a single 1 among {V} numbers", V, ())]
    for i in range(model.layers):
        name = of(model).title + (f" {i + 1}" if model.layers > 1 else "")
        found.append((name, f"{U if i else D} numbers in, a hidden state of {U}", U, (f"layer_{i}",)))
    return [*found, ("Dense", f"a score for each of {V} characters", V, ("head",))]


def _attention_layers(model: ModelConfig, V: int) -> list[LayerWords]:
    U, does = model.units, f"looks back over up to {model.context} characters, {model.heads} heads"
    table = ("Embedding", f"a character and its position become {U} numbers", U, ("embedding", "position"))
    blocks = [(f"Attention block {i + 1}", does, U, (f"block_{i}",)) for i in range(model.layers)]
    return [table, *blocks, ("Dense", f"a score for each of {V} characters", V, ("norm", "head"))]


_RECURRENT = (lambda model: None, _recurrent_shapes, _recurrent_layers)
_ATTENTION = (lambda model: model.context, transformer_shapes, _attention_layers)
RECORDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("gru", "GRU", "a recurrent network (GRU)", RecurrentNetwork, *_RECURRENT),
        Kind("lstm", "LSTM", "a recurrent network (LSTM)", RecurrentNetwork, *_RECURRENT),
        Kind("transformer", "Transformer", "a small Transformer", TransformerNetwork, *_ATTENTION),
        Kind("ngram", "n-gram model", "an n-gram model", NgramPredictor, lambda model: model.order - 1,
             size=lambda model: f"order {model.order}", trained=False),
    )
}  # fmt: skip
