"""GRU and LSTM in NumPy, one character at a time: a hidden state of U numbers per layer remembers the text.

The equations are in `plain_gru_step` and `plain_lstm_step`. `GruCell` and `LstmCell` compute the same, faster:
besides one large product per layer, a step is some ten operations on a few hundred numbers each, and starting an
operation takes longer than doing it. So the cells make all arrays, and views of their parts, once.
Names in shape comments: N samples side by side, V ids, D numbers in an input, U units, G gates, T characters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.matmul import Product
from charlab.core.ops import sigmoid


def plain_gru_step(
    x: np.ndarray, hidden: np.ndarray, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """A GRU (Cho et al., 2014) reads x [N, D]: its hidden state before -> after, [N, U].

    This is the form whose reset gate acts after the matrix product. Kernels are [D, 3 * U] and [U, 3 * U]; the
    bias [2, 3 * U] has a row for each of them.
    """
    x_update, x_reset, x_candidate = np.split(x @ kernel + bias[0], 3, axis=1)  # [N, U] each
    h_update, h_reset, h_candidate = np.split(hidden @ recurrent_kernel + bias[1], 3, axis=1)
    update = sigmoid(x_update + h_update)  # 1 keeps the state, 0 replaces it
    reset = sigmoid(x_reset + h_reset)  # 0 hides the state from the candidate
    candidate = np.tanh(x_candidate + reset * h_candidate)
    return update * hidden + (1 - update) * candidate


def plain_lstm_step(
    x: np.ndarray,
    hidden: np.ndarray,
    cell: np.ndarray,
    kernel: np.ndarray,
    recurrent_kernel: np.ndarray,
    bias: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """An LSTM (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000) reads x [N, D].

    Hidden state and cell before -> after, [N, U] each. Kernels are [D, 4 * U] and [U, 4 * U], the bias [4 * U].
    """
    sums = x @ kernel + hidden @ recurrent_kernel + bias
    input, forget, candidate, output = np.split(sums, 4, axis=1)  # [N, U] each
    cell = sigmoid(forget) * cell + sigmoid(input) * np.tanh(candidate)
    return sigmoid(output) * np.tanh(cell), cell


class _Cell(ABC):
    """One layer reading N samples: its state, and the arrays in which it works.

    The kernel holds side by side everything that the hidden state is multiplied by: the layer's own recurrent
    kernel, whose product is used at the next character, and the kernel of the next layer or the head. Its last row
    holds the biases, for which the U numbers of the hidden state have a 1 behind them.
    """

    gates: int
    biases: tuple[int, ...]  # how many biases a unit has in each gate, as a shape
    state: tuple[str, ...]  # what a cell hands on to the next character, by name
    gate_names: tuple[str, ...]  # what made it, the candidate included

    def __init__(self, kernel: np.ndarray, x: np.ndarray, samples: int) -> None:
        """The kernel [U + 1, G * U + above], and the array that will hold each character's share, [N, G * U]."""
        self.units = U = len(kernel) - 1
        self.product = Product(kernel, samples)
        self.product.rows[:, U] = 1
        self.product.multiply()  # before the first character: a hidden state of zeros
        self.hidden = self.product.rows[:, :U]
        self.x = x
        self.h, self.above = np.split(self.product.result, [self.gates * U], axis=1)

    def read(self) -> None:
        """From the state before a character to the one after it; `x` holds what the character adds."""
        self._update_state()
        self.product.multiply()

    @abstractmethod
    def _update_state(self) -> None:
        """The step's equations: from `x`, `h` and the state before a character to the state after it."""


class GruCell(_Cell):
    """`plain_gru_step` without the products: the sums x and h inside the gates are given."""

    gates, biases = 3, (2,)  # one for the input, one for the hidden state
    state, gate_names = ("hidden",), ("update", "reset", "candidate")

    def __init__(self, kernel: np.ndarray, x: np.ndarray, samples: int) -> None:
        super().__init__(kernel, x, samples)
        U = self.units
        self.candidate, self._gates = _zeros(samples, U), _zeros(samples, 2 * U)
        self.update, self.reset = np.split(self._gates, 2, axis=1)
        self._x_gates, self._x_candidate = np.split(self.x, [2 * U], axis=1)
        self._h_gates, self._h_candidate = np.split(self.h, [2 * U], axis=1)

    def _update_state(self) -> None:
        gates, candidate, hidden = self._gates, self.candidate, self.hidden
        # update, reset = sigmoid(x_gates + h_gates)
        np.add(self._x_gates, self._h_gates, out=gates)
        sigmoid(gates, out=gates)
        # candidate = tanh(x_candidate + reset * h_candidate)
        np.multiply(self.reset, self._h_candidate, out=candidate)
        candidate += self._x_candidate
        np.tanh(candidate, out=candidate)
        # hidden = update * hidden + (1 - update) * candidate
        hidden -= candidate
        hidden *= self.update
        hidden += candidate


class LstmCell(_Cell):
    """`plain_lstm_step` without the products: the sums x and h inside the gates are given."""

    gates, biases = 4, ()
    state, gate_names = ("hidden", "cell"), ("input", "forget", "output", "candidate")

    def __init__(self, kernel: np.ndarray, x: np.ndarray, samples: int) -> None:
        super().__init__(kernel, x, samples)
        U = self.units
        self.cell, self._added, self._sums = _zeros(samples, U), _zeros(samples, U), _zeros(samples, 4 * U)
        self.input, self.forget, self.candidate, self.output = np.split(self._sums, 4, axis=1)
        self._input_forget = self._sums[:, : 2 * U]

    def _update_state(self) -> None:
        # input, forget, output = sigmoid(x + h), candidate = tanh(x + h)
        np.add(self.x, self.h, out=self._sums)
        sigmoid(self._input_forget, out=self._input_forget)
        sigmoid(self.output, out=self.output)
        np.tanh(self.candidate, out=self.candidate)
        # cell = forget * cell + input * candidate
        np.multiply(self.input, self.candidate, out=self._added)
        self.cell *= self.forget
        self.cell += self._added
        # hidden = output * tanh(cell)
        np.tanh(self.cell, out=self.hidden)
        np.multiply(self.hidden, self.output, out=self.hidden)


CELLS: dict[str, type[_Cell]] = {"gru": GruCell, "lstm": LstmCell}


class _Stack:
    """Cells on top of one another, each reading what the one below computes: the state of N samples."""

    def __init__(self, cell: type[_Cell], kernels: list[np.ndarray], samples: int) -> None:
        self._arguments = cell, kernels, samples
        self.x = x = _zeros(samples, cell.gates * (len(kernels[0]) - 1))
        self.cells = []
        for kernel in kernels:
            self.cells.append(cell(kernel, x, samples))
            x = self.cells[-1].above
        self.logits = x

    def __deepcopy__(self, memo: dict) -> _Stack:
        """A stack that continues from here by itself: its views are of its own arrays."""
        result = _Stack(*self._arguments)
        for mine, other in zip(result.cells, self.cells, strict=True):
            mine.product.result[:] = other.product.result
            for name in mine.state:
                getattr(mine, name)[:] = getattr(other, name)
        return result


class RecurrentNetwork:
    """Layers of GRU or LSTM, the character looked up in a table, a dense head."""

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        self.vocabulary_size, self.units = vocabulary_size, config.units
        self._cell = CELLS[config.kind]
        kernels = [weights[f"layer_{i}/kernel"] for i in range(config.layers)] + [weights["head/kernel"]]
        # A GRU has one bias for the input and one for the hidden state, an LSTM only the first.
        biases = [np.atleast_2d(weights[f"layer_{i}/bias"]) for i in range(config.layers)]
        outer, inner = [bias[0] for bias in biases] + [weights["head/bias"]], [bias[1:].sum(0) for bias in biases]
        # Embedding times kernel has only V different rows: computed once, a step then looks its row up. With
        # one-hot input the kernel itself is that table.
        table = weights["embedding"] @ kernels[0] if "embedding" in weights else kernels[0]
        self._table = table + outer[0]  # [V, G * U]
        self._kernels = []  # [U + 1, G * U + above] each
        for i in range(config.layers):
            own = weights[f"layer_{i}/recurrent_kernel"]
            self._kernels.append(np.block([[own, kernels[i + 1]], [inner[i], outer[i + 1]]]))

    def start(self, samples: int) -> _Stack:
        """The cells of N samples, their hidden states zero."""
        return _Stack(self._cell, self._kernels, samples)

    def step(self, ids: np.ndarray, state: _Stack) -> tuple[np.ndarray, _Stack]:
        """Read ids [N] -> logits of the next character [N, V]; the state is changed in place."""
        state.x[:] = self._table.take(ids, axis=0)
        for cell in state.cells:
            cell.read()
        return state.logits.copy(), state

    def activations(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """States and gates of each layer after each of ids [T], by name ("layer_0/hidden"): [T, U] each."""
        stack = self.start(1)
        names = (*self._cell.state, *self._cell.gate_names)
        seen = {f"layer_{i}/{name}": getattr(cell, name) for i, cell in enumerate(stack.cells) for name in names}
        result = {name: np.empty((len(ids), self.units), np.float32) for name in seen}
        for t in range(len(ids)):
            self.step(ids[t : t + 1], stack)
            for name, array in seen.items():
                result[name][t] = array[0]
        return result


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)
