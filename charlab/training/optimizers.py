"""Keras's optimizers as a learner uses them: by name, with what is exempt from weight decay."""

from __future__ import annotations

from typing import Any

import keras

from charlab.core.config import TrainConfig
from charlab.training.muon import Muon

_UNDECAYED = ("bias", "gamma", "beta")
_BY_ADAM = ("bias", "position", "head")  # what Muon leaves to AdamW beside embeddings and norms


class _AlreadyReduced:
    """An optimizer whose gradients have already been summed over the replicas."""

    def _all_reduce_sum_gradients(self, grads_and_vars: list) -> list:
        return list(grads_and_vars)


def make_optimizer(config: TrainConfig, **more: Any) -> keras.Optimizer:
    """Keras's optimizer of that name. Biases and norms have no weight decay; float16 needs scaled losses. `more`
    are arguments that its class takes beside those of the configuration."""
    decay, betas = config.weight_decay, {"beta_1": config.beta_1, "beta_2": config.beta_2}
    for_muon: dict[str, Any] = {f"adam_{name}": beta for name, beta in betas.items()}
    for_muon |= {"adam_weight_decay": decay or None, "momentum": config.beta_1, "exclude_layers": list(_BY_ADAM)}
    optimizers: dict[str, tuple[type, dict[str, Any]]] = {
        "adam": (keras.optimizers.Adam, betas),
        "adamw": (keras.optimizers.AdamW, betas),
        "muon": (Muon, for_muon),
        "rmsprop": (keras.optimizers.RMSprop, {}),
        "sgd": (keras.optimizers.SGD, {}),
    }
    keras_class, settings = optimizers[config.optimizer]
    optimizer = type(keras_class.__name__, (_AlreadyReduced, keras_class), {})(
        learning_rate=config.learning_rate,
        global_clipnorm=config.clip_norm,
        weight_decay=decay if decay or config.optimizer == "adamw" else None,  # AdamW wants a number
        **settings | more,
    )
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=list(_UNDECAYED))
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
