# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# A GRU with dropout on the hidden state before the recurrent kernel, one mask per row


class Cell(keras.layers.GRUCell):
    mask = None  # [B, units], set before each row

    def call(self, inputs, states, training=False):
        hidden = states[0]
        x = inputs @ self.kernel + self.bias[0]
        memory = (hidden * self.mask) @ self.recurrent_kernel + self.bias[1]
        x_update, x_reset, x_candidate = tf.split(x, 3, axis=-1)
        m_update, m_reset, m_candidate = tf.split(memory, 3, axis=-1)
        update, reset = tf.sigmoid(x_update + m_update), tf.sigmoid(x_reset + m_reset)
        candidate = tf.tanh(x_candidate + reset * m_candidate)
        after = update * hidden + (1 - update) * candidate
        return after, [after]


def make_layer():
    return keras.layers.RNN(Cell(UNITS), return_sequences=True, return_state=True)
