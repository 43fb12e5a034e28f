"""Project Gutenberg's header and licence around a book: found by their marker lines, and removed.

A model that is trained on them learns legal language, and the last tenth of a book is mostly licence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# "*** START OF THE PROJECT GUTENBERG EBOOK TITLE ***", with THIS for THE, without spaces, the title on up to three
# lines; the header of the 1990s ends with "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*".
_OF = r"OF +(?:THE +|THIS +)?(?:COPYRIGHTED +)?PROJECT +GUTENBERG"
_TITLE = r"(?:(?:[^*\n]*\n){0,2}[^*\n]*\*[^\n]*|[^\n]*)"
_START = rf"^[ \t]*\*+ *START +{_OF}{_TITLE}\n?"
_END = rf"^[ \t]*\*+ *END +{_OF}{_TITLE}"
_OLD_START = r"^[ \t]*\*END ?\*? ?THE SMALL PRINT[^\n]*\n?"
_OLD_END = r"^[ \t]*End +of +(?:the +|this +)?Project +Gutenberg(?:['’]s\b| +e-?(?:text|book))[^\n]*"
_FLAGS = re.MULTILINE | re.IGNORECASE
_NEW_MARKS = re.compile(f"(?P<start>{_START})|(?P<end>{_END})", _FLAGS)
_ALL_MARKS = re.compile(f"(?P<start>{_START}|{_OLD_START})|(?P<end>{_END}|{_OLD_END})", _FLAGS)
_SPACE = " \t\n\r\x0b\x0c"


@dataclass(frozen=True)
class Frame:
    """The header and the licence of one or several books of Project Gutenberg in a text."""

    books: tuple[str, ...]  # what they enclose
    characters: int  # in what is around the books
    is_closed: bool  # a book has both marks

    @property
    def text(self) -> str:
        """The text without them."""
        return "\n\n\n".join(self.books) + "\n"


def find(text: str, *, old: bool = True) -> Frame | None:
    """The header and the licence in a text; None where it has none, or nothing else.

    Text before the first mark of a beginning is header; where the first mark is that of an end, it is the book.
    With `old` the marks of the 1990s and the line "End of Project Gutenberg's ..." count too.
    """
    lower = text.lower()
    if "gutenberg" not in lower and "small print" not in lower:  # the patterns take seconds for a long text
        return None
    books, begin, is_closed = [], 0, False
    marks = list((_ALL_MARKS if old else _NEW_MARKS).finditer(text))
    is_open, has_mark = not marks or marks[0]["end"] is not None, False
    for mark in marks:
        if mark["start"] is not None:
            begin, is_open, has_mark = mark.end(), True, True
        elif is_open:
            books.append(text[begin : mark.start()])
            is_closed, is_open = is_closed or has_mark, False
    if is_open:
        books.append(text[begin:])
    kept = tuple(book.strip(_SPACE) for book in books if book.strip(_SPACE))
    return Frame(kept, len(text) - sum(map(len, kept)), is_closed) if marks and kept else None
