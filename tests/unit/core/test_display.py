import pytest

from charlab.core.display import named, visible


@pytest.mark.parametrize("character", [" ", "\n", "\t", "\r", "\u00a0", "\u200f", "\u2003", "\x00", "\ue000"])
def test_what_cannot_be_seen_gets_a_form_of_its_own(character):
    assert visible(character) != character
    assert visible(character).strip() and visible(character).isprintable()


def test_invisible_characters_are_named():
    assert named(" ") == "␣ space"
    assert named("\n") == "↵ newline"
    assert "not in the alphabet" in named("\ufffd")
    assert named("\u2003") == "␣ em space"


@pytest.mark.parametrize("character", ["a", "é", "字", "<", "·", "😀"])
def test_what_can_be_seen_stays(character):
    assert visible(character) == named(character) == character


def test_a_combining_accent_gets_something_to_stand_on():
    assert visible("\u0301") == "◌\u0301"
