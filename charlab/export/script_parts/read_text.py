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
