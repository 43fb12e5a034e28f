"""From a file's bytes to characters: damaged Unicode stays Unicode, other encodings are proposed."""

import numpy as np
import pytest

from charlab.corpora import decoding
from charlab.errors import CorpusError

FRENCH = "Élève déjà été, forêt où naïf garçon, cœur très août à la mer.\n" * 60
SENTENCES = {
    "cp1251": "Море было тихим, и лодка вышла рано утром. ",
    "koi8_r": "Море было тихим, и лодка вышла рано утром. ",
    "cp866": "Море было тихим, и лодка вышла рано утром. ",
    "gb18030": "海面很平静，一条小船清晨出发。",
    "big5": "海面很平靜，一條小船清晨出發。",
    "cp932": "ふねはしずかなうみへでていった。海は静かだった。",
    "euc_jp": "ふねはしずかなうみへでていった。",
    "cp949": "바다는 잔잔했고 작은 배가 아침 일찍 떠났다. ",
    "cp1253": "Το πλοίο έφυγε από το λιμάνι νωρίς το πρωί. ",
    "cp1255": "הים היה שקט וסירה קטנה יצאה בבוקר. ",
    "cp1256": "البحر هادئ وخرج قارب صغير في الصباح. ",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy. ",
    "cp1252": "La mer était calme, et le bateau est sorti très tôt, déjà été. ",
    "iso2022_jp": "ふねはしずかなうみへでていった。",
}


@pytest.mark.parametrize("encoding", SENTENCES)
def test_an_encoding_is_proposed_in_which_the_text_reads_as_it_was_written(encoding):
    text = SENTENCES[encoding] * 80
    decoded = decoding.decode(text.encode(encoding), "a.txt")
    assert decoded.text == text
    assert decoded.proposed and decoded.encoding in decoded.notes[0]
    assert decoding.to_choose_first(text.encode(encoding), "a.txt") == decoded.encoding


@pytest.mark.parametrize("bad", [b"\x92", b"\xff\xfe", b"It\xe2\x80s", b"\xc3"], ids=repr)
def test_utf_8_with_a_bad_byte_stays_utf_8_and_the_place_is_named(bad):
    data = FRENCH.encode() + b"ab" + bad + b" " + FRENCH.encode()
    decoded = decoding.decode(data, "a.txt")
    assert (decoded.encoding, decoded.proposed) == ("utf-8", False)
    assert decoded.text.replace("\ufffd", "") == FRENCH + "ab" + bad.decode("utf-8", "ignore") + " " + FRENCH
    [note] = decoded.notes
    column = 3 + len(bad.decode("ascii", "ignore").removesuffix("s"))
    assert f"line 61, column {column} (0x" in note and "U+FFFD" in note
    assert f"Replaced {decoded.text.count(chr(0xFFFD))} " in note


def test_of_many_bad_bytes_the_first_are_named_and_all_are_counted():
    data = b"".join(line + b"\x92\r\n" for line in FRENCH.encode().splitlines())
    [note] = decoding.decode(data, "a.txt").notes
    assert "Replaced 60 " in note and "line 1, " in note and "line 3, " in note and "and 57 more" in note
    assert "line 4, " not in note


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_cut_within_its_last_character_is_read_to_there(encoding):
    whole = "a" * 100 + FRENCH + "\U0001f642"
    decoded = decoding.decode(whole.encode(encoding)[:-1], "a.txt")
    assert decoded.text == whole[:-1] + "\ufffd" and "Replaced 1 incomplete" in decoded.notes[0]
    ascii_before = decoding.decode(b"plain\n" * 400 + "é".encode()[:1], "a.txt")
    assert ascii_before.text == "plain\n" * 400 + "\ufffd" and "line 401, column 1 (0xc3)" in ascii_before.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding_and_is_no_part_of_the_text(encoding):
    decoded = decoding.decode(FRENCH.encode(encoding), "a.txt")
    assert (decoded.text, decoded.notes, decoded.proposed) == (FRENCH, (), False)
    assert decoding.to_choose_first(FRENCH.encode(encoding), "a.txt") is None


def test_a_replacement_character_of_the_file_itself_is_not_counted():
    assert decoding.decode((FRENCH + "\ufffd").encode(), "a.txt").notes == ()
    [note] = decoding.decode((FRENCH + "\ufffd").encode() + b"\x92a", "a.txt").notes
    assert "Replaced 1 " in note


def test_the_encoding_that_is_given_is_used():
    text = SENTENCES["cp1251"] * 80
    data = text.encode("cp1251")
    assert decoding.decode(data, "a.txt", "Windows-1251").text == text
    assert decoding.decode(data, "a.txt", "koi8-r").text == data.decode("koi8-r")
    assert decoding.decode(FRENCH.encode("utf-16-le"), "a.txt", "utf-16-le").text == FRENCH
    assert decoding.to_choose_first(FRENCH.encode("utf-16-le"), "a.txt") == "utf-16-le"
    assert decoding.to_choose_first(FRENCH.encode("utf-16-be"), "a.txt") == "utf-16-be"
    for wrong in ("utf-8", "ascii", "gb18030"):
        with pytest.raises(CorpusError, match="another encoding"):
            decoding.decode(data, "a.txt", wrong)


@pytest.mark.parametrize(
    "name",
    ["klingon", "base64", "rot13", "", "a\0b", "x" * 5000, "idna", "punycode", "unicode_escape", "undefined"],
)
def test_an_encoding_that_does_not_exist_is_refused_with_some_that_do(name):
    with pytest.raises(CorpusError, match="There is no encoding .* cp1251"):
        decoding.decode(FRENCH.encode(), "a.txt", name)


def test_every_encoding_that_is_offered_exists_and_has_its_own_name():
    assert [decoding.known(name) for name in decoding.ENCODINGS] == list(decoding.ENCODINGS)


def test_noise_is_quickly_refused_or_read():
    for size in (1, 2, 3, 5000, 2_000_000):
        try:
            decoded = decoding.decode(np.random.default_rng(size).bytes(size), "a.txt")
        except CorpusError:
            continue
        decoded.text.encode("utf-8", "surrogatepass")
