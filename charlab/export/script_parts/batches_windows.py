# A piece of the program that charlab/export/script.py puts together. It is read as text, never imported.
# ruff: noqa: F821
# ---
# Which rows of the text make a batch. A row is SEQUENCE_LENGTH characters, and the same one character later.

CARRY_STATE = False


def steps_per_epoch(characters):
    return STEPS_PER_EPOCH or -(-characters // (BATCH_SIZE * SEQUENCE_LENGTH))


def offsets(characters, random):
    """Where the rows of each batch of an epoch begin: anywhere, each place as likely as the next."""
    for _ in range(steps_per_epoch(characters)):
        yield random.integers(characters - SEQUENCE_LENGTH, size=BATCH_SIZE)
