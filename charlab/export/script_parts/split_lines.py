# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# The training part and the validation part: whole lines


def divide(ids, alphabet):
    """The lines in an order that is always the same, cut in two; blank lines go with the line before."""
    newline = alphabet.find("\n")
    text = ids if ids[-1] == newline else np.append(ids, newline).astype(ids.dtype)
    lines = np.split(text, np.flatnonzero((text[:-1] == newline) & (text[1:] != newline)) + 1)
    lines = [lines[k] for k in np.argsort(mixed(len(lines)))]
    ends = np.cumsum([len(line) for line in lines])
    split = ends[np.abs(ends - (len(ids) - max(2, round(len(ids) * VALIDATION_SHARE)))).argmin()]
    if split >= len(ids):
        sys.exit("The text has too few lines.")
    text = np.concatenate(lines)[: len(ids)]
    return text[:split], text[split:]


def mixed(number):
    """A number per line, like random ones but always the same (SplitMix64; Steele et al., 2014)."""
    x = np.arange(1, number + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
