# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# Training


def make_optimizer():
    kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "muon": keras.optimizers.Muon}
    kinds |= {"rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}
    settings = {"learning_rate": LEARNING_RATE, "global_clipnorm": CLIP_NORM}
    if OPTIMIZER in ("adam", "adamw"):
        settings |= {"beta_1": BETA_1, "beta_2": BETA_2}
    if OPTIMIZER == "muon":  # for the layers' kernels; AdamW has the rest
        settings |= {"adam_beta_1": BETA_1, "adam_beta_2": BETA_2, "adam_weight_decay": WEIGHT_DECAY}
        settings |= {"momentum": BETA_1, "weight_decay": WEIGHT_DECAY, "exclude_layers": ["bias", "head"]}
    if WEIGHT_DECAY or OPTIMIZER == "adamw":
        settings["weight_decay"] = WEIGHT_DECAY
    optimizer = kinds[OPTIMIZER](**settings)
    if WEIGHT_DECAY:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return keras.optimizers.LossScaleOptimizer(optimizer) if PRECISION == "mixed_float16" else optimizer


def learning_rate(step, spent):
    """The learning rate of a step; `spent` is the used share of the budget: warm-up, then constant or cosine."""
    rate = LEARNING_RATE * (min(1.0, (step + 1) / WARM_UP_STEPS) if WARM_UP_STEPS else 1.0)
    if SCHEDULE == "cosine":
        rate *= 0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * min(1.0, spent)))
    return rate


def make_steps(network, optimizer, unknown):
    @tf.function(jit_compile=XLA)
    def train(rows, state):
        """One training step on rows [B, T + 1]: the sum of the losses, of how many characters, and the state."""
        counts = tf.cast(rows[:, 1:] != unknown, tf.float32)
        with tf.GradientTape() as tape:
            logits, state = network(rows[:, :-1], state, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(rows[:, 1:], logits) * counts
            scaled = optimizer.scale_loss(tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(counts), 1.0))
        gradients = tape.gradient(scaled, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(counts)]), state

    @tf.function(jit_compile=XLA)
    def grade(rows, counts):
        """The sum of the losses, each times its count of 0 or 1."""
        logits, _ = network(rows[:, :-1], network.start(rows.shape[0]))
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(rows[:, 1:], logits)
        return tf.reduce_sum(losses * counts)

    return train, grade


def forget_some(state, random):
    """Reset the state of a random share of the streams, so that the network learns to start without one."""
    keep = random.random((BATCH_SIZE, 1)) >= STATE_RESETS
    return tf.nest.map_structure(lambda part: part * tf.cast(keep, part.dtype), state)


def validate(grade, ids, unknown):
    """The mean loss over windows without overlap, each read from a zero state; unknown characters do not count."""
    window, last = min(VALIDATION_WINDOW, len(ids) - 1), len(ids) - 1
    places = np.arange(0, last, window)[:, None] + np.arange(window + 1)
    rows = ids[np.minimum(places, last)]
    counts = ((places[:, 1:] <= last) & (rows[:, 1:] != unknown)).astype(np.float32)
    at_once, total = 64, 0.0
    for first in range(0, len(rows), at_once):
        missing = ((0, max(0, first + at_once - len(rows))), (0, 0))  # padding rows, which do not count
        batch = np.pad(rows[first : first + at_once], missing)
        total += float(grade(batch, np.pad(counts[first : first + at_once], missing)))
    return total / counts.sum()


def write(network, alphabet, length=300):
    """Text that the network generates after SEED_TEXT; the unknown character is never chosen."""
    random, text, state = np.random.default_rng(SEED), "", None
    beginning = SEED_TEXT or ("\n" if "\n" in alphabet else alphabet[0])
    if LOWER_CASE:
        beginning = "".join(lower(character) for character in beginning)
    new = encode(beginning, alphabet)
    new = new if len(new) else np.zeros(1, np.int32)
    for _ in range(length):
        logits, state = network.next_logits(new, state)
        likely = np.exp(logits[:-1].astype(np.float64) - logits[:-1].max())
        new = np.array([random.choice(len(likely), p=likely / likely.sum())], dtype=np.int32)
        text += alphabet[new[0]]
    return SEED_TEXT + text


def main(path):
    began = time.monotonic()
    keras.utils.set_random_seed(SEED)
    keras.config.set_dtype_policy(PRECISION)
    text = read_text(path)
    alphabet = make_alphabet(text)
    ids = encode(text, alphabet)
    split = len(ids) - max(2, round(len(ids) * VALIDATION_SHARE))
    training, validation = ids[:split], ids[split:]
    steps = steps_per_epoch(len(training))
    if len(training) <= SEQUENCE_LENGTH or steps < 1:
        sys.exit(f"The text is too short: {len(training)} characters give no batch. Lower BATCH_SIZE.")

    network = Network(len(alphabet) + 1)
    network(np.zeros((1, 1), np.int32), network.start(1))
    optimizer = make_optimizer()
    optimizer.build(network.trainable_variables)
    train, grade = make_steps(network, optimizer, len(alphabet))
    print(f"{len(ids):,} characters, {len(alphabet)} distinct, {network.count_params():,} parameters")
    print(f"{np.sum(ids < len(alphabet)) / len(text):.1%} of the text is in the alphabet: losses count only that")
    print(f"epoch 0  validation {validate(grade, validation, len(alphabet)):.4f} nats", flush=True)

    best, best_epoch, best_weights = np.inf, 0, None
    step, epoch, spent = 0, 0, 0.0
    while spent < 1:
        random = np.random.default_rng([SEED, epoch])
        state, losses = network.start(BATCH_SIZE), []
        for starts in offsets(len(training), random):
            optimizer.learning_rate = learning_rate(step, spent)
            rows = training[starts[:, None] + np.arange(SEQUENCE_LENGTH + 1)]
            figures, after = train(rows, state)
            state = forget_some(after, random) if CARRY_STATE else state
            losses.append(figures)
            step += 1
            spent = (time.monotonic() - began) / (60 * MINUTES) if MINUTES else step / (EPOCHS * steps)
            if spent >= 1:
                break
        epoch += 1
        (total, number), grade_now = np.sum(losses, axis=0), validate(grade, validation, len(alphabet))
        print(f"epoch {epoch}  loss {total / number:.4f}  validation {grade_now:.4f} nats", flush=True)
        if grade_now < best:
            best, best_epoch, best_weights = grade_now, epoch, network.get_weights()
        if PATIENCE and epoch - best_epoch >= PATIENCE:
            break

    if best_weights is not None:
        network.set_weights(best_weights)
    print(f"best validation {best:.4f} nats, after epoch {best_epoch}")
    print(f"--- sample ---\n{write(network, alphabet)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the text to train on: python " + sys.argv[0] + " text.txt")
    main(sys.argv[1])
