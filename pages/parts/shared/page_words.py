"""Sentences of the core in the words of the pages: no options of the command line, settings by their labels."""

from __future__ import annotations

import re

from charlab.core.config import SETTINGS

_OPTIONS = re.compile(r",? or with --set [^\s:)]+(?: --set [^\s:)]+)*| \(--encoding on the command line\)")
_LABELS = {
    name: re.sub(r" \(.*\)", "", declared.label).lower() for name, declared in SETTINGS.items() if "_" in name
}
_NAMES = re.compile(rf"\b(?:{'|'.join(_LABELS)})\b")
_NAME_BEHIND_LABEL = re.compile(rf" \({_NAMES.pattern}\)")


def in_page_words(sentence: str) -> str:
    """The sentence as a page says it."""
    sentence = _NAME_BEHIND_LABEL.sub("", _OPTIONS.sub("", sentence))
    return _NAMES.sub(lambda found: _LABELS[found[0]], sentence)
