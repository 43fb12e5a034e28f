"""Runs that a device trains: the browser that started them, which gets what it needs from this server and sends
events and weights back (charlab/browser). No queue starts them, and no process of this machine trains them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlab.core import kinds, summary
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.recurrent import RecurrentNetwork
from charlab.core.transformer import TransformerNetwork
from charlab.errors import ConfigError

if TYPE_CHECKING:
    from charlab.runs.store import RunConfig

NAME = "device"  # of the accelerator
MAX_LAYERS: dict[type, int] = {RecurrentNetwork: 2, TransformerNetwork: 8}
MAX_PARAMETERS = 2_000_000  # 8 MB on their way every ten seconds, and seconds to draw the first ones
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "muon": "Muon"}
_UNUSED = ("tensorflow", "keras")
ONLY_IN_A_BROWSER = (
    "“device” means the device of a browser: such a run is started, resumed and trained longer on the Train page, "
    "in that browser. For this machine choose another accelerator, for example auto."
)


def is_for(config: RunConfig) -> bool:
    """Whether a run is for a device to train."""
    return config.train.accelerator == NAME and kinds.of(config.model).trained


def why_not(model: ModelConfig, train: TrainConfig, vocabulary_size: int | None = None) -> str:
    """Why a device cannot train that, and what to choose, in a sentence; "" where it can. The size of a network
    counts only where its vocabulary's is known."""
    kind = kinds.of(model)
    most = MAX_LAYERS.get(kind.predictor, 0)
    if not most:
        return f"A device trains networks only (GRU, LSTM, Transformer), and this is {kind.described}."
    if model.layers > most:
        return f"A device trains {kind.title} networks of at most {most} layers, and this one has {model.layers}."
    if vocabulary_size and (count := summary.parameter_count(model, vocabulary_size)) > MAX_PARAMETERS:
        return f"A device trains at most {MAX_PARAMETERS:,} parameters, and this network has {count:,}."
    if train.optimizer not in OPTIMIZERS:
        return f"A device trains with the optimisers {', '.join(OPTIMIZERS.values())}, not with {train.optimizer}."
    if train.precision != "float32":
        return f"A device computes in float32, not in {train.precision}."
    return ""


def versions(found: dict[str, str]) -> dict[str, str]:
    """The versions of libraries without those that a device does not use."""
    return {name: version for name, version in found.items() if name not in _UNUSED}


def check(config: RunConfig, vocabulary_size: int | None = None) -> None:
    """Raises ConfigError where a run is for a device, and no device can train it."""
    is_named = config.train.accelerator == NAME
    reason = why_not(config.model, config.train, vocabulary_size) if is_named else ""
    if not reason and is_named and config.task:
        reason = "A device trains language models only, not the networks of labs."
    if reason:
        raise ConfigError(f"{reason} Change that, or choose another accelerator.")
