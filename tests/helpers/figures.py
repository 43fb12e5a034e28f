"""What tests look for in figures: plain JSON, and texts that are shown and not obeyed."""

import json

EVIL = "<b>bold</b> & <a href='http://e.x'>x</a>"
ALPHABET = [*"\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "\ufffd"]


def plain_json(figure):
    text = figure.to_json()
    assert "bdata" not in text and "NaN" not in text and "Infinity" not in text
    return json.loads(text)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in texts(item))
