import pytest

from charlab.core.display import in_line, isolated, named, visible, visible_text

INVISIBLE = [" ", "\n", "\t", "\r", "\u00a0", "\u200f", "\u2003", "\x00", "\ue000", "\u200d", "\ufe0f", "\u202e"]
INVISIBLE += ["\u034f", "\u2800", "\u3164", "\U000e0101", "\U000e0067", "\ufeff", "\u00ad"]


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_cannot_be_seen_gets_a_form_of_its_own(character):
    assert visible(character) != character
    assert visible(character).strip() and visible(character).isprintable()


def test_invisible_characters_are_named():
    assert named(" ") == "␣ space"
    assert named("\n") == "↵ newline"
    assert "not in the alphabet" in named("\ufffd")
    assert named("\u2003") == "␣ em space"
    assert named("\u202e") == "U+202E right-to-left override"
    assert named("\u200d") == "U+200D zero width joiner"
    assert named("\ufe0f") == "U+FE0F variation selector-16"
    assert named("\x07") == "U+0007"


@pytest.mark.parametrize("character", ["a", "é", "字", "<", "·", "😀", "ب", "\u06dd", "\U0001f3fd"])
def test_what_can_be_seen_stays(character):
    assert visible(character) == named(character) == character


def test_a_combining_accent_gets_something_to_stand_on():
    assert visible("\u0301") == "◌\u0301"


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("e\u0301", ["e", "\u0301"]),
        ("\u0301e", ["◌\u0301", "e"]),
        ("a \u0301", ["a", "·", "◌\u0301"]),
        ("\n\u0301\u0308", ["↵", "◌\u0301", "\u0308"]),
        ("\x00\u0301", ["U+0000", "◌\u0301"]),
        ("ש\u05b8\u05c1", ["ש", "\u05b8", "\u05c1"]),
        ("क्ष", ["क", "\u094d", "ष"]),
        ("👨\u200d👩", ["👨", "U+200D", "👩"]),
        ("❤\ufe0f\u20e3", ["❤", "U+FE0F", "◌\u20e3"]),
    ],
)
def test_a_mark_stands_on_a_dotted_circle_only_where_it_follows_no_letter(text, forms):
    assert visible_text(text) == visible_text(list(text)) == forms


def test_right_to_left_text_leaves_the_sentence_around_it_alone():
    assert in_line("بحر هادئ") == "\u2068بحر·هادئ\u2069"
    assert in_line("a \u202eb") == "a·U+202Eb"
    assert isolated("٣") == "\u2068٣\u2069" and isolated("no 3") == "no 3"


@pytest.mark.parametrize(
    ("token", "form"),
    [
        (" the", "·the"),
        ("\n\n", "↵↵"),
        ("e\u0301", "e\u0301"),
        (" \u0301", "·◌\u0301"),
        ("\u200b\u200b", "U+200BU+200B"),
    ],
)
def test_a_token_of_several_characters_is_shown_character_by_character(token, form):
    assert visible(token) == named(token) == form
    assert visible_text(("x", token)) == ["x", form] and in_line((token,)) == form
