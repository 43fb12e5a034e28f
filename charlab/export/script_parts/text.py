# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
def lower(character):
    small = character.lower()
    return small if len(small) == 1 else character


def make_alphabet(text):
    """The characters that have an id: at most the ALPHABET_LIMIT most frequent ones, sorted."""
    if CODE_POINTS:
        return "".join(map(chr, range(255)))
    characters, counts = np.unique(list(text), return_counts=True)
    kept = sorted(zip(-counts, characters, strict=True))[:ALPHABET_LIMIT]
    return "".join(sorted(character for _, character in kept))


def encode(text, alphabet):
    """Characters to ids; the last id is for unknown characters."""
    number = {character: i for i, character in enumerate(alphabet)}
    ids = np.array([number.get(character, len(alphabet)) for character in text], dtype=np.int32)
    return ids[ids < len(alphabet)] if CODE_POINTS else ids
