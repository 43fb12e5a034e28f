"""The same networks in PyTorch, as usual there: stock recurrent layers, and nanoGPT's small Transformer.

Only the configuration classes are shared with this project.
Names in shape comments: B rows, T characters per row, N samples, V ids, D width, H heads, P positions read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt

import torch
from torch import nn
from torch.nn import functional as F

from charlab.core.config import ModelConfig, TrainConfig

TEMPERATURE = 1.0


class Recurrent(nn.Module):
    """Embedding or one-hot, nn.GRU or nn.LSTM, a linear head: ids [B, T] -> logits [B, T, V], state."""

    def __init__(self, config: ModelConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.embedding = nn.Embedding(vocabulary_size, config.embedding) if config.embedding else None
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}[config.kind]
        between = config.input_dropout if config.layers > 1 else 0.0
        self.recurrent = kind(
            config.embedding or vocabulary_size, config.units, config.layers, batch_first=True, dropout=between
        )
        self.dropout = nn.Dropout(config.output_dropout)
        self.head = nn.Linear(config.units, vocabulary_size)

    def forward(self, ids: torch.Tensor, state=None):
        x = F.one_hot(ids, self.vocabulary_size).float() if self.embedding is None else self.embedding(ids)
        x, state = self.recurrent(x, state)
        return self.head(self.dropout(x)), state


class Gpt(nn.Module):
    """nanoGPT's network: pre-norm blocks without biases, learned positions, head tied to the embedding.

    forward(ids [B, T]) -> logits [B, T, V]; with a cache, a list with a pair of keys and values a layer, it reads
    on from there.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int) -> None:
        super().__init__()
        D, self.heads, self.context = config.units, config.heads, config.context
        self.characters, self.places = nn.Embedding(vocabulary_size, D), nn.Embedding(config.context, D)
        self.blocks = nn.ModuleList(Block(D, config.heads, config.output_dropout) for _ in range(config.layers))
        self.dropout = nn.Dropout(config.output_dropout)
        self.norm, self.head = nn.LayerNorm(D, bias=False), nn.Linear(D, vocabulary_size, bias=False)
        self.head.weight = self.characters.weight
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                smaller = sqrt(2 * config.layers) if name.endswith(("projection.weight", "contract.weight")) else 1
                nn.init.normal_(weight, 0.0, 0.02 / smaller)

    def forward(self, ids: torch.Tensor, cache: list | None = None) -> torch.Tensor:
        read = cache[0][0].shape[2] if cache and cache[0] else 0
        places = torch.arange(read, read + ids.shape[1])
        x = self.dropout(self.characters(ids) + self.places(places))
        for i, block in enumerate(self.blocks):
            x = block(x, cache, i)
        return self.head(self.norm(x))


class Block(nn.Module):
    def __init__(self, D: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm_1, self.norm_2 = nn.LayerNorm(D, bias=False), nn.LayerNorm(D, bias=False)
        self.attention, self.projection = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.expand, self.contract = nn.Linear(D, 4 * D, bias=False), nn.Linear(4 * D, D, bias=False)

    def forward(self, x: torch.Tensor, cache: list | None, i: int) -> torch.Tensor:
        x = x + self._drop(self.projection(self._attend(self.norm_1(x), cache, i)))
        return x + self._drop(self.contract(F.gelu(self.expand(self.norm_2(x)))))

    def _attend(self, x: torch.Tensor, cache: list | None, i: int) -> torch.Tensor:
        B, T, D = x.shape
        parts = self.attention(x).split(D, dim=2)
        query, key, value = (part.view(B, T, self.heads, D // self.heads).transpose(1, 2) for part in parts)
        if cache is not None:
            if cache[i]:
                key, value = torch.cat((cache[i][0], key), 2), torch.cat((cache[i][1], value), 2)
            cache[i] = (key, value)  # [B, H, P, D / H] each
        dropout = self.dropout if self.training else 0.0
        seen = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout, is_causal=T > 1)
        return seen.transpose(1, 2).reshape(B, T, D)

    def _drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.dropout, self.training)


def network(config: ModelConfig, vocabulary_size: int) -> nn.Module:
    return (Gpt if config.kind == "transformer" else Recurrent)(config, vocabulary_size)


def writer(config: ModelConfig, vocabulary_size: int, samples: int, length: int) -> Callable[[], int]:
    """(d) One step per character under inference_mode; the last id is never generated. The Transformer has a
    key/value cache, which nanoGPT's own `generate` lacks."""
    model = network(config, vocabulary_size).train(False)
    mask = torch.zeros(vocabulary_size)
    mask[-1] = -torch.inf

    @torch.inference_mode()
    def write() -> int:
        ids, written = torch.zeros(samples, 1, dtype=torch.long), []
        state = [None] * config.layers if config.kind == "transformer" else None
        for _ in range(length):
            if config.kind == "transformer":
                logits = model(ids, state)
            else:
                logits, state = model(ids, state)
            probabilities = F.softmax(logits[:, -1] / TEMPERATURE + mask, dim=-1)
            ids = torch.multinomial(probabilities, 1)
            written.append(ids)
        return torch.cat(written, 1).numel()

    return write


def training(config: ModelConfig, train: TrainConfig, vocabulary_size: int, x, y) -> Callable[[int], None]:
    """A function that trains for a number of steps on rows x and their targets y [rows, T]. Dropout on a recurrent
    state is left out, because PyTorch's layers lack it."""
    model = network(config, vocabulary_size).train()
    optimizer = optimizer_of(model, train)
    inputs, targets = torch.from_numpy(x).long(), torch.from_numpy(y).long()
    batches, place = len(x) // train.batch_size, 0
    state = None

    def work(steps: int) -> None:
        nonlocal place, state
        for _ in range(steps):
            batch = slice(place * train.batch_size, (place + 1) * train.batch_size)
            place = (place + 1) % batches
            if config.kind == "transformer":
                logits = model(inputs[batch])
            else:
                logits, after = model(inputs[batch], state)
                if train.batches == "streams":
                    state = tuple(part.detach() for part in after) if isinstance(after, tuple) else after.detach()
            loss = F.cross_entropy(logits.flatten(0, 1), targets[batch].flatten())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if train.clip_norm:
                nn.utils.clip_grad_norm_(model.parameters(), train.clip_norm)
            optimizer.step()

    return work


def optimizer_of(model: nn.Module, train: TrainConfig) -> torch.optim.Optimizer | Muon:
    """The recipe's optimizer; weight decay only on matrices, as in nanoGPT. Muon is for the Transformer only."""
    if train.optimizer == "muon":
        return Muon(model, train)
    if train.optimizer == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), train.learning_rate, alpha=0.9)
    if train.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), train.learning_rate)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[train.optimizer]
    groups = _decay_groups(model.parameters(), train.weight_decay)
    return kind(groups, train.learning_rate, betas=(train.beta_1, train.beta_2), foreach=True)


def _decay_groups(weights: Iterable[nn.Parameter], decay: float) -> list[dict]:
    weights = list(weights)
    return [
        {"params": [weight for weight in weights if weight.dim() > 1], "weight_decay": decay},
        {"params": [weight for weight in weights if weight.dim() < 2], "weight_decay": 0.0},
    ]


class Muon:
    """Muon (Jordan et al., 2024) for the kernels of the blocks, AdamW for all other weights.

    PyTorch's own Muon computes in bfloat16, which few processors multiply; this one in float32.
    """

    def __init__(self, model: nn.Module, train: TrainConfig) -> None:
        named = list(model.named_parameters())
        is_kernel = {name: weight.dim() == 2 and name.startswith("blocks.") for name, weight in named}
        self.kernels = [weight for name, weight in named if is_kernel[name]]
        self.momenta = [torch.zeros_like(kernel) for kernel in self.kernels]
        self.rate, self.decay, self.momentum = train.learning_rate, train.weight_decay, train.beta_1
        others = _decay_groups((weight for name, weight in named if not is_kernel[name]), self.decay)
        self.others = torch.optim.AdamW(others, self.rate, (train.beta_1, train.beta_2), foreach=True)

    def zero_grad(self, set_to_none: bool) -> None:
        self.others.zero_grad(set_to_none)
        for kernel in self.kernels:
            kernel.grad = None

    @torch.no_grad()
    def step(self) -> None:
        self.others.step()
        for kernel, momentum in zip(self.kernels, self.momenta, strict=True):
            momentum.mul_(self.momentum).add_(kernel.grad)
            update = self._orthogonalised(kernel.grad.add(momentum, alpha=self.momentum))
            kernel.mul_(1 - self.rate * self.decay)
            kernel.add_(update, alpha=-0.2 * self.rate * sqrt(max(kernel.shape)))

    @staticmethod
    def _orthogonalised(x: torch.Tensor) -> torch.Tensor:
        """Approximately the nearest orthogonal matrix, by five Newton-Schulz iterations."""
        is_tall = x.shape[0] > x.shape[1]
        x = x.T if is_tall else x
        x = x / (x.norm() + 1e-7)
        for _ in range(5):
            square = x @ x.T
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
        return x.T if is_tall else x
