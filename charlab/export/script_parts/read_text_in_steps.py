# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
# From text to ids


def read_text(path):
    """The text of a file in ENCODING, in the form in which it was first trained on."""
    with open(path, "rb") as file:
        data = file.read()
    if ENCODING == "utf-8":  # halves of a character that were written one by one
        data = re.sub(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]", join_bytes, data)
        data = re.sub(rb"\xed[\xa0-\xbf][\x80-\xbf]", b"", data)
    try:
        text = data.decode(ENCODING, "surrogatepass" if ENCODING.startswith("utf-") else "strict")
    except UnicodeDecodeError:
        text = data.decode(ENCODING, "replace")  # what is damaged becomes U+FFFD
    text = text.replace("\ufeff", "")  # byte-order marks
    text = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    if NORMALISE:
        text = unicodedata.normalize("NFC", text)
    dropped = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160), *range(0xD800, 0xE000)])
    text = text.translate(dropped)  # control characters, and halves of characters
    if LOWER_CASE:
        text = "".join(lower(character) for character in text)
    return text


def join_bytes(pair):
    halves = pair[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16").encode("utf-8")
