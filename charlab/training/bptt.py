"""GRU and LSTM over whole windows, with back-propagation through time written out (Werbos, 1990).

They compute what Keras's layers compute, to rounding, in fewer operations: what the input adds to the sums inside
the gates comes ready for all characters, the loop forward keeps what the loop backward needs, and the kernel's
gradient is one product over the whole window. Time comes first in every shape, so that a character's numbers lie
together. With a `mask` the state loses the same numbers at each character where it meets the recurrent kernel
(Gal and Ghahramani, 2016).
Names in shape comments: T characters a row, B rows, U units.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

_PAGE = 1024  # numbers: 4 KiB of float32
_LINE = 16  # numbers: 64 bytes, what a processor's cache takes at once


def gru(
    x: tf.Tensor, state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, mask: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Read windows with a GRU (Cho et al., 2014; the reset gate after the product, as cuDNN has it).

    What the input adds x [T, B, 3U], state [B, U], recurrent kernel [U, 3U], bias [2, 3U], mask [B, U] -> the
    state after each character [T, B, U], and after the last [B, U]. The gates are in Keras's order:
    update, reset, candidate.
    """
    T, U = x.shape[0], kernel.shape[0]

    @tf.custom_gradient
    def read(x: tf.Tensor, state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        """All biases but the innermost [U] are in x already."""
        by_kernel = _multiplier(kernel)

        def forward(t, before):
            x_gates, x_candidate = tf.split(x[t], [2 * U, U], 1)
            m_gates, m_candidate = tf.split(by_kernel(_masked(before, mask)), [2 * U, U], 1)
            gates = tf.sigmoid(x_gates + m_gates)
            update, reset = tf.split(gates, 2, 1)
            memory = m_candidate + bias
            candidate = tf.tanh(x_candidate + reset * memory)
            return [candidate + update * (before - candidate)], [before, gates, memory, candidate]

        [last], [before, gates, memory, candidate] = _loop(forward, range(T), [state], [U, 2 * U, U, U])

        def gradient(d_states: tf.Tensor) -> tuple[tf.Tensor, ...]:
            update, reset = tf.split(gates, 2, 2)
            # How each sum inside a gate moves the state: [T, B, U] each
            by_candidate = (1 - update) * (1 - candidate * candidate)
            by_update = (before - candidate) * update * (1 - update)
            by_reset = by_candidate * memory * reset * (1 - reset)
            slopes = tf.concat([by_update, by_reset, by_candidate * reset], 2)
            by_transposed = _multiplier(tf.transpose(kernel))

            def backward(t, d_later):
                d_after = d_later + d_states[t]
                d_sums = tf.tile(d_after, (1, 3)) * slopes[t]
                return [d_after * update[t] + _masked(by_transposed(d_sums), mask)], [d_after, d_sums]

            [d_state], [d_after, d_sums] = _loop(backward, range(T)[::-1], [tf.zeros_like(state)], [U, 3 * U])
            d_x = tf.concat([d_sums[..., : 2 * U], d_after * by_candidate], 2)
            d_bias = tf.reduce_sum(d_sums[..., 2 * U :], (0, 1))
            return d_x, d_state, _summed_product(_masked(before, mask), d_sums), d_bias

        return tf.concat([before[1:], last[None]], 0), gradient

    inner = bias[1, 2 * U :]  # the reset gate scales it too; all other biases can be added beforehand
    outer = bias[0] + tf.concat([bias[1, : 2 * U], tf.zeros_like(inner)], 0)
    states = read(x + outer, state, kernel, inner)
    return states, states[-1]


def lstm(
    x: tf.Tensor,
    state: tf.Tensor,
    cell: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
    mask: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Read windows with an LSTM (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000).

    What the input adds x [T, B, 4U], state and cell [B, U], recurrent kernel [U, 4U], bias [4U], mask [B, U] ->
    the state after each character [T, B, U], and state and cell after the last [B, U]. The gates are in Keras's
    order: input, forget, candidate, output.
    """
    T, U = x.shape[0], kernel.shape[0]

    @tf.custom_gradient
    def read(x: tf.Tensor, state: tf.Tensor, cell: tf.Tensor, kernel: tf.Tensor) -> tuple[tuple, Callable]:
        by_kernel = _multiplier(kernel)

        def forward(t, before, cell_before):
            sums = x[t] + by_kernel(_masked(before, mask))
            enter, forget, candidate, leave = tf.split(sums, 4, 1)
            enter, forget, leave = tf.sigmoid(enter), tf.sigmoid(forget), tf.sigmoid(leave)
            candidate = tf.tanh(candidate)
            cell = forget * cell_before + enter * candidate
            shown = tf.tanh(cell)
            return [leave * shown, cell], [before, cell_before, enter, forget, candidate, leave, shown]

        [last, last_cell], kept = _loop(forward, range(T), [state, cell], [U] * 7)
        before, cell_before, enter, forget, candidate, leave, shown = kept

        def gradient(d_states: tf.Tensor, d_last_cell: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # How each sum inside a gate moves the cell, and the output gate's sum the state: [T, B, U] each
            by_enter = candidate * enter * (1 - enter)
            by_forget = cell_before * forget * (1 - forget)
            by_candidate = enter * (1 - candidate * candidate)
            slopes = tf.concat([by_enter, by_forget, by_candidate], 2)
            by_leave, by_cell = shown * leave * (1 - leave), leave * (1 - shown * shown)
            by_transposed = _multiplier(tf.transpose(kernel))

            def backward(t, d_later, d_cell_later):
                d_after = d_later + d_states[t]
                d_cell = d_cell_later + d_after * by_cell[t]
                d_sums = tf.concat([tf.tile(d_cell, (1, 3)) * slopes[t], d_after * by_leave[t]], 1)
                return [_masked(by_transposed(d_sums), mask), d_cell * forget[t]], [d_sums]

            starts = [tf.zeros_like(state), d_last_cell]
            [d_state, d_cell], [d_sums] = _loop(backward, range(T)[::-1], starts, [4 * U])
            return d_sums, d_state, d_cell, _summed_product(_masked(before, mask), d_sums)

        return (tf.concat([before[1:], last[None]], 0), last_cell), gradient

    states, last_cell = read(x + bias, state, cell, kernel)
    return states, states[-1], last_cell


def _loop(
    body: Callable, places: range, starts: list[tf.Tensor], widths: list[int]
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Carry `starts` [B, _] through `body(t, *carried) -> carried, kept` at each place.

    Returns what is carried at the end, and what was kept as [T, B, width].
    """
    T, rows, number = len(places), starts[0].shape[0], len(starts)
    arrays = [tf.TensorArray(starts[0].dtype, T, element_shape=(rows, width)) for width in widths]

    def turn(t, *both):
        carried, kept = body(t, *both[:number])
        return (
            t + places.step,
            *carried,
            *(array.write(t, one) for array, one in zip(both[number:], kept, strict=True)),
        )

    inside = (lambda t, *_: t < T) if places.step > 0 else (lambda t, *_: t >= 0)
    _, *both = tf.while_loop(inside, turn, (places[0], *starts, *arrays), maximum_iterations=T)
    return both[:number], [array.stack() for array in both[number:]]


def _multiplier(kernel: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function that multiplies by the kernel [K, M], again and again: x [B, K] -> [B, M].

    Rows that are whole pages long begin at the same place of each page, and a processor's first cache has room for
    a few of these only: the product takes twice as long. Some columns of zeros stagger the rows.
    """
    columns = kernel.shape[1]
    if columns % _PAGE:
        return lambda x: x @ kernel
    staggered = tf.pad(kernel, ((0, 0), (0, _LINE)))
    return lambda x: (x @ staggered)[:, :columns]


def _masked(x: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    return x if mask is None else x * mask


def _summed_product(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """x [T, B, U], y [T, B, G] -> [U, G], summed over characters and rows."""
    return tf.matmul(tf.reshape(x, (-1, x.shape[-1])), tf.reshape(y, (-1, y.shape[-1])), transpose_a=True)
