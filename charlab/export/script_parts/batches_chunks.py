# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The rows of a batch: SEQUENCE_LENGTH characters of input, and the target one character later.

CARRY_STATE = False


def chunk_starts(characters):
    """The first positions of the chunks, one every SHIFT characters."""
    return np.arange(0, characters - SEQUENCE_LENGTH, SHIFT or SEQUENCE_LENGTH + 1)


def steps_per_epoch(characters):
    steps = len(chunk_starts(characters)) // BATCH_SIZE  # an incomplete last batch is left out
    return min(steps, STEPS_PER_EPOCH) if STEPS_PER_EPOCH else steps


def offsets(characters, random):
    """Yield the first positions of the rows of each batch of an epoch: all chunks, shuffled."""
    starts = random.permutation(chunk_starts(characters))
    for step in range(steps_per_epoch(characters)):
        yield starts[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
