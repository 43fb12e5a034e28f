"""The prompt that suits a text ends where a word ends, in any script."""

import pytest

from charlab.corpora.first_words import first_words

JAPANESE = "「吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ」"
CHINESE = "臣亮言先帝创业未半而中道崩殂今天下三分益州疲弊此诚危急存亡之秋也"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\nFirst Citizen:\nBefore we", "First Citizen:\n"),
        ("First Citizen: Before we proceed any further", "First Citizen: Before "),
        ("The quick brown foxes are here", "The quick brown foxes "),
        ("Twenty-four characters! And more", "Twenty-four characters! "),
        ("Twenty-four characters!!\nAnd more", "Twenty-four characters!!"),
        ("Иван Петрович Белкин родился от честных родителей", "Иван Петрович Белкин "),
        ("나는 학교에 가서 친구들과 함께 점심을 먹었습니다 그리고", "나는 학교에 가서 친구들과 함께 점심을 "),
        ("x" * 100, "x" * 24),  # a word that is longer
        (JAPANESE, "「吾輩は猫である。名前はまだ無い。"),
        (CHINESE, CHINESE[:24]),
        ("การเดินทางของเราเริ่มต้นในตอนเช้าตรู่ของวันใหม่", "การเดินทางของเราเริ่มต้น"),
        ("\u0928\u0940" * 30, "\u0928\u0940" * 12),
    ],
)
def test_no_word_is_cut(text, wanted):
    assert first_words(text) == wanted


@pytest.mark.parametrize("letter", ["e\u0301\u0323", "\u0928\u0940", "\U0001f469\u200d\U0001f4bb", "\u0e40\u0e01"])
@pytest.mark.parametrize("length", range(8, 16))
def test_a_letter_keeps_its_marks(letter, length):
    found = first_words(letter * 40, length)
    assert found and found == letter * (length // len(letter))
