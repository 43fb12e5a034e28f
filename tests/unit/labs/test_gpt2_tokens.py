"""A byte-pair vocabulary of 457 tokens, learned from our own documentation, and how the library `transformers`
splits ten texts with it: benchmarks/tiny_gpt2.py made both."""

import json

import numpy as np
import pytest

from charlab.core import generation
from charlab.core.vocab import Vocab
from charlab.errors import ModelError
from charlab.labs.gpt2.tokens import END, TokenVocab
from helpers.tiny_gpt2 import FOLDER

MERGES = (FOLDER / "vocab.bpe").read_text(encoding="utf-8")
SPLIT = json.loads((FOLDER / "tokens.json").read_text(encoding="utf-8"))
SMILE = "\U0001f600"  # four bytes, each a token here


@pytest.fixture(scope="module")
def tokens() -> TokenVocab:
    return TokenVocab(MERGES)


def test_there_are_ten_texts_with_emoji_chinese_and_code():
    texts = [entry["text"] for entry in SPLIT]
    assert len(texts) == 10
    assert [sum(part in text for text in texts) for part in (SMILE, "\u4e2d\u6587", "return {")] == [1, 1, 1]


@pytest.mark.parametrize("entry", SPLIT, ids=lambda entry: ascii(entry["text"][:12]))
def test_a_text_has_the_library_s_tokens_and_comes_back(tokens, entry):
    ids = tokens.encode(entry["text"])
    assert ids.tolist() == entry["ids"] and ids.dtype == np.uint16
    assert tokens.decode(ids) == "".join(map(tokens.incremental_decoder(), ids)) == entry["text"]
    assert b"".join(tokens.pieces[i] for i in ids) == entry["text"].encode()


def test_it_has_what_a_vocab_has(tokens):
    assert isinstance(tokens, Vocab)
    assert len(tokens) == 256 + 200 + 1 == len(tokens.pieces)
    assert tokens.unknown_id == 456 and tokens.decode([456]) == END
    assert len(tokens.characters) == 456 and tokens.characters[0] == "!" and " t" in tokens.characters
    assert tokens.unknown_in("\u4e2d") == [] and not tokens.lower_case
    assert generation.beginning(tokens) == "\n"


def test_the_end_of_a_text_is_never_read_from_a_text(tokens):
    assert tokens.unknown_id not in tokens.encode(END)
    assert tokens.decode(tokens.encode(END)) == END


def test_half_a_surrogate_pair_is_read_as_the_replacement_character(tokens):
    assert tokens.decode(tokens.encode("a\ud83d!")) == "a\ufffd!"


def test_tokens_of_half_a_character_are_shown_as_bytes(tokens):
    assert tokens.split("th" + SMILE)[-4:] == ("\\xf0", "\\x9f", "\\x98", "\\x80")
    assert "".join(tokens.split("a text, of tokens")) == "a text, of tokens"
    assert len(tokens.split("a text, of tokens")) < len("a text, of tokens")


def test_a_character_is_shown_when_its_last_byte_is_there(tokens):
    ids = tokens.encode(f"!{SMILE}!")
    assert [*map(tokens.incremental_decoder(), ids)] == ["!", "", "", "", SMILE, "!"]
    assert [*map(tokens.incremental_decoder(), ids[2:])] == ["\ufffd"] * 3 + ["!"]
    half = ids[[0, 1, 2, -1]]
    assert "".join(map(tokens.incremental_decoder(), half)) == tokens.decode(half) == "!\ufffd!"


@pytest.mark.parametrize("line", ["x", "x yz", "", " ", "q q q", "\u00e9\u4e2d q"])
def test_a_damaged_list_of_merges_is_told_with_its_line(line):
    if not line:
        assert len(TokenVocab(MERGES + "\n\n")) == 457
        return
    with pytest.raises(ModelError, match=r"line 202 is .*Download it again"):
        TokenVocab(f"{MERGES}{line}\n")


def test_a_list_of_other_bytes_than_text_is_told():
    with pytest.raises(ModelError, match="line 2 is "):
        TokenVocab("<html>\n<body>Please sign in to this network</body>\n")
