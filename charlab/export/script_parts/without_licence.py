# Part of the program that charlab/export/script.py assembles. It is read as text, never imported.
# ruff: noqa: F821
# ---
def without_licence(text):
    """The books of a text without the header and the licence of Project Gutenberg around them."""
    of = r"OF +(?:THE +|THIS +)?(?:COPYRIGHTED +)?PROJECT +GUTENBERG"
    title = r"(?:(?:[^*\n]*\n){0,2}[^*\n]*\*[^\n]*|[^\n]*)"
    start = rf"^[ \t]*\*+ *START +{of}{title}\n?|^[ \t]*\*END ?\*? ?THE SMALL PRINT[^\n]*\n?"
    end = rf"^[ \t]*\*+ *END +{of}{title}"
    old_end = r"^[ \t]*End +of +(?:the +|this +)?Project +Gutenberg(?:['’]s\b| +e-?(?:text|book))[^\n]*"
    marks = list(re.finditer(f"({start})|({end}|{old_end})", text, re.MULTILINE | re.IGNORECASE))
    books, begin = [], None if marks and marks[0][1] is not None else 0
    for mark in marks:
        if mark[1] is not None:
            begin = mark.end()
        elif begin is not None:
            books.append(text[begin : mark.start()])
            begin = None
    books += [] if begin is None else [text[begin:]]
    books = [book.strip(" \t\n\r\x0b\x0c") for book in books]
    return "\n\n\n".join(book for book in books if book) + "\n" if marks and any(books) else text
