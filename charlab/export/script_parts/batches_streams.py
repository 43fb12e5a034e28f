# A piece of the program that charlab/export/script.py puts together. It is read as text, never imported.
# ruff: noqa: F821
# ---
# Which rows of the text make a batch. A row is SEQUENCE_LENGTH characters, and the same one character later.

CARRY_STATE = True  # each batch goes on where the last one ended, and so does the hidden state


def steps_per_epoch(characters):
    steps = (characters // BATCH_SIZE - 1) // SEQUENCE_LENGTH
    return min(steps, STEPS_PER_EPOCH) if STEPS_PER_EPOCH else steps


def offsets(characters, random):
    """Where the rows of each batch of an epoch begin: BATCH_SIZE streams of the text are read at once."""
    starts = np.arange(BATCH_SIZE) * (characters // BATCH_SIZE)
    for step in range(steps_per_epoch(characters)):
        yield starts + step * SEQUENCE_LENGTH
