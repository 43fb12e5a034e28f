# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The network: each character attends to those before it, up to CONTEXT


def normal(factor=1.0):
    return keras.initializers.RandomNormal(stddev=0.02 * factor)


def norm():
    return keras.layers.LayerNormalization(epsilon=1e-5)


class Block(keras.layers.Layer):
    """Attention over the characters before, then a small network for each character; both are added to x."""

    def __init__(self):
        super().__init__()
        smaller = normal(1 / (2 * LAYERS) ** 0.5)  # the more blocks add their output, the smaller it starts
        self.norm_1, self.norm_2 = norm(), norm()
        self.attention = keras.layers.Dense(3 * UNITS, kernel_initializer=normal())
        self.projection = keras.layers.Dense(UNITS, kernel_initializer=smaller)
        self.expand = keras.layers.Dense(4 * UNITS, kernel_initializer=normal())
        self.contract = keras.layers.Dense(UNITS, kernel_initializer=smaller)

    def call(self, x, training=False):
        x = x + drop(self.attend(self.norm_1(x)), training)
        wide = keras.activations.gelu(self.expand(self.norm_2(x)), approximate=True)
        return x + drop(self.contract(wide), training)

    def attend(self, x):
        T = x.shape[1]
        split = tf.reshape(self.attention(x), (-1, T, 3, HEADS, UNITS // HEADS))
        query, key, value = tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))  # [B, H, T, units / H] each
        scores = tf.matmul(query, key, transpose_b=True) / (UNITS // HEADS) ** 0.5  # [B, H, T, T]
        later = np.triu(np.ones((T, T), bool), 1)  # no character may attend to later ones
        seen = tf.nn.softmax(tf.where(later, scores.dtype.min, scores)) @ value
        return self.projection(tf.reshape(tf.transpose(seen, (0, 2, 1, 3)), (-1, T, UNITS)))


def drop(x, training):
    return tf.nn.dropout(x, OUTPUT_DROPOUT) if training and OUTPUT_DROPOUT else x


class Network(keras.Model):
    def __init__(self, vocabulary_size):
        super().__init__()
        self.embedding = keras.layers.Embedding(vocabulary_size, UNITS, embeddings_initializer=normal())
        self.position = keras.layers.Embedding(CONTEXT, UNITS, embeddings_initializer=normal())
        self.blocks = [Block() for _ in range(LAYERS)]
        self.norm = norm()
        self.head = keras.layers.Dense(vocabulary_size, kernel_initializer=normal(), dtype="float32", name="head")

    def start(self, rows):
        return []  # no state: it reads the last characters again each time

    def call(self, ids, state, training=False):
        """ids [B, T], T at most CONTEXT -> logits [B, T, V]."""
        x = self.embedding(ids) + self.position(tf.range(ids.shape[1]))
        if training and INPUT_DROPOUT:
            x = tf.nn.dropout(x, INPUT_DROPOUT)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.norm(x)), []

    def next_logits(self, ids, read):
        """Logits of the character after ids [T], and the ids read so far, halved when they exceed CONTEXT."""
        read = [] if read is None else read
        for i in ids:
            read = [*(read[-(CONTEXT // 2) :] if len(read) == CONTEXT else read), i]
        logits, _ = self(np.array([read], np.int32), [])
        return logits[0, -1].numpy(), read


VALIDATION_WINDOW = min(256, CONTEXT)
XLA = True
