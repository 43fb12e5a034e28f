"""GRU and LSTM in NumPy, one character at a time: what was read is kept in a hidden state of U numbers a layer.

What each step computes is all there is to see here. Beside one large product a layer, a step is some ten
operations on a few hundred numbers each, and to begin one takes longer than to do it: so all arrays, and all views
of their parts, are made once, when a text is begun.
Names in shape comments: N samples side by side, V ids, U units, G gates, T characters of a text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.matmul import blocks, operands, rows_for
from charlab.core.ops import sigmoid


class _Cell(ABC):
    """One layer while it reads N samples: its state, and the arrays in which it works.

    The kernel holds side by side all that a hidden state is multiplied with: the layer's own recurrent kernel,
    whose product waits for the next character, and the kernel of what stands above, the next layer or the head.
    Its last row holds the biases: the hidden state's U numbers have a 1 behind them.
    """

    gates: int
    state: tuple[str, ...]  # what a cell hands on to the next character, by name
    gate_names: tuple[str, ...]  # what made it, the candidate included

    def __init__(self, kernel: np.ndarray, inputs: np.ndarray, samples: int) -> None:
        """The kernel [U + 1, G * U + above], and the array that will hold what each character adds, [N, G * U]."""
        self.units = U = len(kernel) - 1
        self.inputs = inputs
        self.rows = np.zeros((rows_for(samples), U + 1), np.float32)
        self.rows[:, U] = 1
        cut = blocks(kernel, len(self.rows))  # [B, U + 1, W]
        of_zeros = cut[:, U].ravel()  # what a hidden state of zeros gives: the biases
        self.products = np.tile(of_zeros, (len(self.rows), 1))
        by_block = self.products.reshape(len(self.rows), len(cut), -1).transpose(1, 0, 2)
        self._left, self._right, self._out = operands(self.rows, cut, by_block)
        self.hidden = self.rows[:samples, :U]
        self.memory = self.products[:samples, : self.gates * U]  # what was read adds to the sums inside the gates
        self.above = self.products[:samples, self.gates * U : kernel.shape[1]]  # what the layer above is given

    def read(self) -> None:
        """From the state before a character to the one after it; `inputs` hold what the character adds."""
        self._update_state()
        np.matmul(self._left, self._right, out=self._out)  # into `products`

    @abstractmethod
    def _update_state(self) -> None:
        """From what a character and the state before it add to the sums inside the gates to the state after it."""


class GruCell(_Cell):
    """Gated recurrent units (Cho et al., 2014), in the form whose reset gate acts after the matrix product."""

    gates = 3
    state, gate_names = ("hidden",), ("update", "reset", "candidate")

    def __init__(self, kernel: np.ndarray, inputs: np.ndarray, samples: int) -> None:
        super().__init__(kernel, inputs, samples)
        U = self.units
        self.candidate, self._update_reset = _zeros(samples, U), _zeros(samples, 2 * U)
        self.update, self.reset = self._update_reset[:, :U], self._update_reset[:, U:]
        self._x_gates, self._x_candidate = inputs[:, : 2 * U], inputs[:, 2 * U :]
        self._m_gates, self._m_candidate = self.memory[:, : 2 * U], self.memory[:, 2 * U :]

    def _update_state(self) -> None:
        gates, candidate, hidden = self._update_reset, self.candidate, self.hidden
        np.add(self._x_gates, self._m_gates, out=gates)
        sigmoid(gates, out=gates)
        np.multiply(self.reset, self._m_candidate, out=candidate)
        candidate += self._x_candidate
        np.tanh(candidate, out=candidate)
        hidden -= candidate  # keep where update is 1, replace where 0
        hidden *= self.update
        hidden += candidate


class LstmCell(_Cell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000)."""

    gates = 4
    state, gate_names = ("hidden", "cell"), ("input", "forget", "output", "candidate")

    def __init__(self, kernel: np.ndarray, inputs: np.ndarray, samples: int) -> None:
        super().__init__(kernel, inputs, samples)
        U = self.units
        self.cell, self._let_in, self._sums = _zeros(samples, U), _zeros(samples, U), _zeros(samples, 4 * U)
        self.input, self.forget, self.candidate, self.output = np.split(self._sums, 4, axis=1)
        self._input_forget = self._sums[:, : 2 * U]

    def _update_state(self) -> None:
        np.add(self.inputs, self.memory, out=self._sums)
        sigmoid(self._input_forget, out=self._input_forget)
        sigmoid(self.output, out=self.output)
        np.tanh(self.candidate, out=self.candidate)
        np.multiply(self.input, self.candidate, out=self._let_in)
        self.cell *= self.forget
        self.cell += self._let_in
        np.tanh(self.cell, out=self.hidden)
        np.multiply(self.hidden, self.output, out=self.hidden)


class _Stack:
    """Cells on one another, each given what the one below it makes of the character: the state of N samples."""

    def __init__(self, cell: type[_Cell], kernels: list[np.ndarray], samples: int) -> None:
        self._arguments = cell, kernels, samples
        self.inputs = inputs = _zeros(samples, cell.gates * (len(kernels[0]) - 1))
        self.cells = []
        for kernel in kernels:
            self.cells.append(cell(kernel, inputs, samples))
            inputs = self.cells[-1].above
        self.logits = inputs

    def __deepcopy__(self, memo: dict) -> _Stack:
        """A stack that goes on from here by itself: its views are of its own arrays."""
        result = _Stack(*self._arguments)
        for mine, other in zip(result.cells, self.cells, strict=True):
            for name in (*mine.state, "products"):
                np.copyto(getattr(mine, name), getattr(other, name))
        return result


class RecurrentNetwork:
    """Layers of GRU or LSTM, the character looked up in a table, a dense head."""

    def __init__(self, config: ModelConfig, vocabulary_size: int, weights: dict[str, np.ndarray]) -> None:
        self.vocabulary_size, self.units = vocabulary_size, config.units
        cells: dict[str, type[_Cell]] = {"gru": GruCell, "lstm": LstmCell}
        self._cell = cells[config.kind]
        kernels = [weights[f"layer_{i}/kernel"] for i in range(config.layers)] + [weights["head/kernel"]]
        # A GRU has one bias beside the input and one beside the hidden state, an LSTM the first alone.
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
        return _Stack(self._cell, self._kernels, samples)

    def step(self, ids: np.ndarray, state: _Stack) -> tuple[np.ndarray, _Stack]:
        state.inputs[:] = self._table.take(ids, axis=0)
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
