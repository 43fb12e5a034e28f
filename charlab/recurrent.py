"""GRU and LSTM in NumPy, one character at a time: what was read is kept in a hidden state of U numbers a layer.

What each step computes is all there is to see here. Names in shape comments: N samples side by side, V ids,
D numbers an input vector, U units, T characters of a text.
"""

from __future__ import annotations

import numpy as np

from charlab.config import ModelConfig
from charlab.functions import dense, sigmoid

Layer = tuple[np.ndarray, tuple[np.ndarray, ...]]  # a layer's state after a character, and the gates that made it


class _RecurrentNetwork:
    """What GRU and LSTM share: stacked layers, the character looked up in a table, a dense head."""

    state_names: tuple[str, ...] = ("hidden",)  # what a layer hands on to the next character
    gate_names: tuple[str, ...] = ()  # what it was made of

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        self.vocabulary_size = vocabulary_size
        self.layers, self.units = config.layers, config.units
        self._weights = weights
        # Embedding times kernel has only V different rows: computed once, a step then looks its row up. With
        # one-hot input the kernel itself is that table.
        kernel, bias = weights["layer_0/kernel"], self._input_bias(0)
        embedding = weights.get("embedding")
        self._table = (kernel if embedding is None else embedding @ kernel) + bias  # [V, gates * U]

    def start(self, samples: int) -> list[np.ndarray]:
        shape = (len(self.state_names), samples, self.units)
        return [np.zeros(shape, np.float32) for _ in range(self.layers)]

    def step(self, ids: np.ndarray, state: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        after = [layer for layer, _ in self._read(ids, state)]
        return dense(after[-1][0], self._weights["head/kernel"], self._weights["head/bias"]), after

    def trace(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """States and gates of each layer after each of ids [T], by name ("layer_0/hidden"): [T, U] each."""
        names = [f"layer_{i}/{name}" for i in range(self.layers) for name in (*self.state_names, *self.gate_names)]
        result = {name: np.empty((len(ids), self.units), np.float32) for name in names}
        state = self.start(1)
        for t in range(len(ids)):
            layers = self._read(ids[t : t + 1], state)
            state = [after for after, _ in layers]
            arrays = [array[0] for after, gates in layers for array in (*after, *gates)]
            for name, array in zip(names, arrays, strict=True):
                result[name][t] = array
        return result

    def _read(self, ids: np.ndarray, state: list[np.ndarray]) -> list[Layer]:
        inputs = self._table[ids]  # [N, gates * U]
        layers: list[Layer] = []
        for i in range(self.layers):
            if i:
                inputs = dense(layers[-1][0][0], self._weights[f"layer_{i}/kernel"], self._input_bias(i))
            layers.append(self._cell(i, inputs, state[i]))
        return layers

    def _input_bias(self, i: int) -> np.ndarray:
        return self._weights[f"layer_{i}/bias"]

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> Layer:
        raise NotImplementedError


class GruNetwork(_RecurrentNetwork):
    """Gated recurrent units (Cho et al., 2014), in the form whose reset gate acts after the matrix product."""

    gate_names = ("update", "reset", "candidate")

    def _input_bias(self, i: int) -> np.ndarray:
        return self._weights[f"layer_{i}/bias"][0]

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> Layer:
        U, hidden = self.units, state[0]  # [N, U]
        memory = dense(hidden, self._weights[f"layer_{i}/recurrent_kernel"], self._weights[f"layer_{i}/bias"][1])
        gates = sigmoid(inputs[:, : 2 * U] + memory[:, : 2 * U])  # [N, 2U]
        update, reset = gates[:, :U], gates[:, U:]
        candidate = np.tanh(inputs[:, 2 * U :] + reset * memory[:, 2 * U :])
        hidden = candidate + update * (hidden - candidate)  # keep where update is 1, replace where 0
        return hidden[None], (update, reset, candidate)


class LstmNetwork(_RecurrentNetwork):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)."""

    state_names = ("hidden", "cell")  # what the layer says, and the cell in which it remembers
    gate_names = ("input", "forget", "output", "candidate")

    def _cell(self, i: int, inputs: np.ndarray, state: np.ndarray) -> Layer:
        U, (hidden, cell) = self.units, state  # [N, U] each
        z = dense(hidden, self._weights[f"layer_{i}/recurrent_kernel"], inputs)  # [N, 4U]
        let_in, forget = sigmoid(z[:, :U]), sigmoid(z[:, U : 2 * U])
        candidate, let_out = np.tanh(z[:, 2 * U : 3 * U]), sigmoid(z[:, 3 * U :])
        cell = forget * cell + let_in * candidate
        return np.stack([let_out * np.tanh(cell), cell]), (let_in, forget, let_out, candidate)
