# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# A layer of the network


def make_layer():
    kind = keras.layers.GRU if KIND == "gru" else keras.layers.LSTM
    return kind(UNITS, return_sequences=True, return_state=True)
