# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# An LSTM with dropout on the hidden state before the recurrent kernel, one mask per row


class Cell(keras.layers.LSTMCell):
    mask = None  # [B, units], set before each row

    def call(self, inputs, states, training=False):
        return super().call(inputs, [states[0] * self.mask, states[1]])


def make_layer():
    return keras.layers.RNN(Cell(UNITS), return_sequences=True, return_state=True)
