# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# From text to ids


def read_text(path):
    with open(path, encoding="utf-8-sig") as file:  # line ends become \n
        text = file.read()
    dropped = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])  # control characters
    text = text.translate(dropped)
    if LOWER_CASE:
        text = "".join(lower(character) for character in text)
    return text


def lower(character):
    small = character.lower()
    return small if len(small) == 1 else character


def make_alphabet(text):
    """The characters that have an id: at most the 512 most frequent ones, sorted."""
    if CODE_POINTS:
        return "".join(map(chr, range(255)))
    characters, counts = np.unique(list(text), return_counts=True)
    kept = sorted(zip(-counts, characters, strict=True))[:512]
    return "".join(sorted(character for _, character in kept))


def encode(text, alphabet):
    """Characters to ids; the last id is for unknown characters."""
    number = {character: i for i, character in enumerate(alphabet)}
    ids = np.array([number.get(character, len(alphabet)) for character in text], dtype=np.int32)
    return ids[ids < len(alphabet)] if CODE_POINTS else ids
