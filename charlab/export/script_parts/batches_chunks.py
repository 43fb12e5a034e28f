# A piece of the program that charlab/export/script.py puts together. It is read as text, never imported.
# ruff: noqa: F821
# ---
# Which rows of the text make a batch. A row is SEQUENCE_LENGTH characters, and the same one character later.

CARRY_STATE = False


def chunk_starts(characters):
    """Every SHIFT characters a chunk begins."""
    return np.arange(0, characters - SEQUENCE_LENGTH, SHIFT or SEQUENCE_LENGTH + 1)


def steps_per_epoch(characters):
    steps = len(chunk_starts(characters)) // BATCH_SIZE  # what does not fill a batch is left out
    return min(steps, STEPS_PER_EPOCH) if STEPS_PER_EPOCH else steps


def offsets(characters, random):
    """Where the rows of each batch of an epoch begin: all chunks, shuffled."""
    starts = random.permutation(chunk_starts(characters))
    for step in range(steps_per_epoch(characters)):
        yield starts[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
