"""Texts that people bring, made afresh: a sorted list, a text pasted ten times, a book with its licence."""

from __future__ import annotations

import random

ENGLISH = "the sea was calm and a small boat went out with two men".split()
SYLLABLES = "ka lo mi ra ve ton bel da shu ne fi go an el is or".split()
START = "*** START OF THE PROJECT GUTENBERG EBOOK A BOAT ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK A BOAT ***"

FRAMES = {
    "today": (f"{START}\n", f"{END}\nlicence"),
    "this": (
        "*** START OF THIS PROJECT GUTENBERG EBOOK A BOAT ***\n",
        "*** END OF THIS PROJECT GUTENBERG EBOOK A BOAT ***\n",
    ),
    "without spaces": (
        "***START OF THE PROJECT GUTENBERG EBOOK A BOAT***\n",
        "***END OF THE PROJECT GUTENBERG EBOOK A BOAT***",
    ),
    "a title on two lines": (
        "*** START OF THE PROJECT GUTENBERG EBOOK A BOAT,\nAND TWO MEN ***\n",
        "*** END OF THE PROJECT GUTENBERG EBOOK A BOAT,\nAND TWO MEN ***\n",
    ),
    "small print": (
        "Header.\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n",
        "End of Project Gutenberg's A Boat, by Nobody\n",
    ),
    "small print of 2002": (
        "*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*\n",
        "End of the Project Gutenberg EBook of A Boat\n\n*** END OF THE PROJECT GUTENBERG EBOOK A BOAT ***\n",
    ),
    "mixed case": (
        "*** Start of the Project Gutenberg eBook A Boat ***\n",
        "*** End of the Project Gutenberg eBook A Boat ***\n",
    ),
    "copyrighted": (
        "*** START OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK A BOAT ***\n",
        "*** END OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK A BOAT ***\n",
    ),
    "only the end": ("", f"{END}\nlicence"),
    "only the beginning": (f"header\n{START}\n", ""),
}


def sentences(characters: int, seed: int = 7) -> str:
    """Random sentences of a dozen words."""
    chance, out, length = random.Random(seed), [], 0  # noqa: S311
    while length < characters:
        out.append(" ".join(chance.choice(ENGLISH) for _ in range(chance.randint(4, 10))).capitalize() + ". ")
        length += len(out[-1])
    return "".join(out)[:characters]


def names_sorted(number: int = 6_000, seed: int = 7) -> str:
    """One invented name per line, in alphabetical order."""
    chance = random.Random(seed)  # noqa: S311
    names = {"".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))) for _ in range(number)}
    return "\n".join(sorted(names)) + "\n"


def pasted_ten_times() -> str:
    return sentences(300) * 10


def licence() -> str:
    return "".join(
        f"{k}. You may copy clause {k * 7 % 31} of these terms, or give it away under clause {k * 5 % 29}. "
        for k in range(260)
    )


def gutenberg(book: str | None = None) -> str:
    """A book in the frame of Project Gutenberg, with a long licence."""
    book = sentences(150_000) if book is None else book
    return f"\ufeffThe Project Gutenberg eBook of A Boat\n\n{START}\n{book}\n{END}\n{licence()}"
