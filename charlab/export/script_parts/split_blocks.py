# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The training part and the validation part: blocks spread over the text


def divide(ids, alphabet):
    """The ends of up to 20 equal parts of the text are held out, each of at least 512 characters."""
    size, held_out = len(ids), max(2, round(len(ids) * VALIDATION_SHARE))
    parts = max(1, min(20, held_out // 512))
    training, validation = [], []
    for k in range(parts):
        begin, end = size * k // parts, size * (k + 1) // parts
        split = end - (held_out * (k + 1) // parts - held_out * k // parts)
        training.append(ids[begin:split])
        validation.append(ids[split:end])
    return np.concatenate(training), np.concatenate(validation)
