# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The network: the hidden state of its layers is its memory of the text so far


class Network(keras.Model):
    def __init__(self, vocabulary_size):
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.embedding = None
        if EMBEDDING:
            uniform = keras.initializers.RandomUniform(-EMBEDDING_RANGE, EMBEDDING_RANGE)
            self.embedding = keras.layers.Embedding(vocabulary_size, EMBEDDING, uniform)
        self.recurrent = [make_layer() for _ in range(LAYERS)]
        self.head = keras.layers.Dense(vocabulary_size, dtype="float32", name="head")

    def start(self, rows):
        """The initial state: zeros, one array per layer for a GRU, two for an LSTM."""
        arrays = 1 if KIND == "gru" else 2
        return [[tf.zeros((rows, UNITS), self.compute_dtype)] * arrays for _ in range(LAYERS)]

    def call(self, ids, state, training=False):
        """ids [B, T] -> logits [B, T, V], and the state after them."""
        if self.embedding is None:
            x = tf.one_hot(ids, self.vocabulary_size, dtype=self.compute_dtype)
        else:
            x = self.embedding(ids)
        after = []
        for layer, before in zip(self.recurrent, state, strict=True):
            if training and INPUT_DROPOUT:  # the same inputs are dropped at each character of a row
                x = tf.nn.dropout(x, INPUT_DROPOUT, noise_shape=[tf.shape(x)[0], 1, x.shape[2]])
            if RECURRENT_DROPOUT:
                ones = tf.ones_like(before[0])
                layer.cell.mask = tf.nn.dropout(ones, RECURRENT_DROPOUT) if training else ones
            x, *layer_state = layer(x, initial_state=before)
            after.append(layer_state)
        if training and OUTPUT_DROPOUT:
            x = tf.nn.dropout(x, OUTPUT_DROPOUT)
        return self.head(x), after

    def next_logits(self, ids, state):
        """Logits of the character after ids [T], and the state for the next call."""
        logits, state = self.read(ids[None, :], state if state is not None else self.start(1))
        return logits[0, -1].numpy(), state

    @tf.function
    def read(self, ids, state):
        """Call the network, compiled, since it is called for every character."""
        return self(ids, state)


VALIDATION_WINDOW = 256
XLA = None
