"""nanoGPT's recipe for a laptop's processor (its README and its config for Shakespeare's characters), in PyTorch.

4 layers, 4 heads, 128 wide, block 64, batch 12, no dropout; AdamW at 1e-3, beta_2 0.99, weight decay 0.1,
gradients clipped at 1; warm-up over a twentieth of the time (100 of 2,000 iterations), then a cosine down to a
tenth of the rate, by time instead of iterations. Its own evaluations in between are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import cos, pi
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import torch_peers
from charlab.core.config import ModelConfig, TrainConfig

# From rows of ids [W, L + 1] to the surprise of all but the first, -ln p [W, L]; the context; the steps taken.
Trained = tuple[Callable[[np.ndarray], np.ndarray], int, int]
_SAVING_SECONDS = 0.5
_ROWS_AT_ONCE = 64


def train(ids: np.ndarray, vocabulary_size: int, seed: int, deadline: float, folder: Path) -> Trained:
    """Train on ids [n] until just before `deadline`, in seconds since 1970, by which the weights are saved."""
    torch.manual_seed(seed)
    model_config = ModelConfig(kind="transformer", layers=4, units=128, heads=4, context=64)
    recipe = TrainConfig(
        batch_size=12,
        sequence_length=64,
        optimizer="adamw",
        learning_rate=1e-3,
        beta_2=0.99,
        weight_decay=0.1,
        clip_norm=1.0,
    )
    model = torch_peers.Gpt(model_config, vocabulary_size - 1).train()  # nanoGPT has no unknown character
    optimizer = torch_peers.optimizer_of(model, recipe)
    data = torch.from_numpy(ids.astype(np.int64))
    began, steps, step_seconds = time.time(), 0, 0.0
    while time.time() + step_seconds < deadline - _SAVING_SECONDS:
        now = time.time()
        progress = (now - began) / (deadline - _SAVING_SECONDS - began)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _warm_cosine(progress)
        offsets = torch.randint(len(data) - 64, (12,))
        rows = data[offsets[:, None] + torch.arange(65)]
        loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        steps, step_seconds = steps + 1, time.time() - now
    torch.save(model.state_dict(), folder / "weights.pt")
    model.train(False)

    @torch.inference_mode()
    def surprises(rows: np.ndarray) -> np.ndarray:
        parts = []
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = torch.from_numpy(rows[first : first + _ROWS_AT_ONCE].astype(np.int64))
            part = part.clamp(max=vocabulary_size - 2)  # an unknown character, which does not count
            parts.append(
                F.cross_entropy(model(part[:, :-1]).transpose(1, 2), part[:, 1:], reduction="none").numpy()
            )
        return np.concatenate(parts).astype(np.float64)

    return surprises, model_config.context, steps


def _warm_cosine(progress: float) -> float:
    """nanoGPT's schedule as a share of the full rate: warm-up over a twentieth, then a cosine down to a tenth."""
    if progress < 0.05:
        return progress / 0.05
    return 0.1 + 0.9 * 0.5 * (1 + cos(pi * min(1.0, (progress - 0.05) / 0.95)))
