# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The rows of a batch: SEQUENCE_LENGTH characters of input, and the target one character later.

CARRY_STATE = False


def steps_per_epoch(characters):
    return STEPS_PER_EPOCH or -(-characters // (BATCH_SIZE * SEQUENCE_LENGTH))


def offsets(characters, random):
    """Yield the first positions of the rows of each batch of an epoch: random positions of equal probability."""
    for _ in range(steps_per_epoch(characters)):
        yield random.integers(characters - SEQUENCE_LENGTH, size=BATCH_SIZE)
