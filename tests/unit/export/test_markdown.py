"""Texts of people in Markdown: as they are, with a backslash only where one is needed."""

import pytest

from charlab.export import markdown


@pytest.mark.parametrize(
    "text",
    [
        "Quick GRU on Tiny Shakespeare (2nd)",
        "my_text.txt, v1.0 – “x”",
        "O'Neil's #1 <3 & more",
        "C:\\Users\\x",
        "50% - 60%, 3.5 and [a]",
        "costs $5: a = b + c?",
        "Война и мир!",
    ],
)
def test_what_markdown_shows_as_it_is_has_no_backslash(text):
    assert markdown.shown(text) == markdown.shown(text, in_heading=True) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*bold* and ~~gone~~", "\\*bold\\* and \\~\\~gone\\~\\~"),
        ("_slanted_ but not_this", "\\_slanted\\_ but not_this"),
        ("x [win](http://a.example)", "x \\[win](http\\://a.example)"),
        ("a <b>bold</b> &amp; R&D", "a \\<b>bold\\</b> \\&amp; R&D"),
        ("`code` \\* $x$", "\\`code\\` \\\\\\* \\$x\\$"),
        ("mail me@a.example or www.a.example", "mail me\\@a.example or www\\.a.example"),
        ("a :smile: at 10:15", "a \\:smile: at 10:15"),
        ("two\n\n# lines", "two # lines"),
    ],
)
def test_what_markdown_would_take_for_something_else_is_escaped(text, expected):
    assert markdown.shown(text) == markdown.shown(text, in_heading=True) == expected


@pytest.mark.parametrize(
    ("text", "line", "heading"),
    [
        ("# 1", "\\# 1", "# 1"),
        ("3. Chapter", "3\\. Chapter", "3. Chapter"),
        ("- point", "\\- point", "- point"),
        ("> quoted", "\\> quoted", "> quoted"),
        ("---", "\\---", "---"),
        ("[1]", "\\[1]", "[1]"),
        ("C #", "C #", "C \\#"),
    ],
)
def test_the_beginning_of_a_line_and_the_end_of_a_heading_are_special(text, line, heading):
    assert (markdown.shown(text), markdown.shown(text, in_heading=True)) == (line, heading)
