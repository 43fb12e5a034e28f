# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The rows of a batch: SEQUENCE_LENGTH characters of input, and the target one character later.

CARRY_STATE = True  # each batch continues where the last one ended, with its hidden state


def steps_per_epoch(characters):
    steps = (characters // BATCH_SIZE - 1) // SEQUENCE_LENGTH
    return min(steps, STEPS_PER_EPOCH) if STEPS_PER_EPOCH else steps


def offsets(characters, random):
    """Yield the first positions of the rows of each batch of an epoch: BATCH_SIZE streams in parallel."""
    starts = np.arange(BATCH_SIZE) * (characters // BATCH_SIZE)
    for step in range(steps_per_epoch(characters)):
        yield starts + step * SEQUENCE_LENGTH
