"""Texts, settings and moments in which other tools fail, on the command line: for each kind several members."""

import itertools
import json
import unicodedata

import pytest

from charlab.cli import main
from charlab.corpora import catalogue
from charlab.runs import store
from helpers import odd_texts
from helpers.runs import all_runs
from helpers.slow_tests import one_in
from helpers.tiny import make_run

FOREIGN = ["russian", "chinese", "greek", "hebrew", "arabic", "hindi", "korean", "thai", "japanese"]


@pytest.fixture
def charlab(capsys):
    """A command in this process: its document, what it said, and its exit code."""

    def run(*arguments):
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        return (json.loads(captured.out) if captured.out.strip() else None), captured.err, code

    return run


@pytest.fixture
def file(tmp_path):
    def write(data: bytes | str):
        path = tmp_path / "essay.txt"
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
        return path

    return write


def text_of(run: store.Run) -> str:
    """The text that a run was trained on, as it finds it again."""
    config = run.config()
    text = catalogue.load(config.corpus, sha256=config.corpus_sha256)
    assert text.sha256 == config.corpus_sha256
    return text.text


def readable(text: str, alphabet: str) -> float:
    return sum(map(alphabet.__contains__, text)) / len(text)


# What an alphabet leaves out


@pytest.mark.parametrize("language", FOREIGN)
def test_an_alphabet_that_reads_less_than_half_is_refused_and_one_that_fits_is_offered(language, charlab, file):
    text = odd_texts.sentences(language, 6_000)
    settings = ("--preset", "ngram", "--set", "alphabet=code-points")
    _, said, code = charlab("train", "--corpus", file(text), *settings)
    share = readable(text, "".join(map(chr, range(255))))
    assert code == 2 and not list(all_runs())
    assert f"can read {share:.1%}".replace(".0%", "%") in said and "--set alphabet=corpus" in said
    results, said, code = charlab(
        "train", "--corpus", file(text), *settings, "--set", "alphabet=corpus", "--set", "alphabet_limit=128"
    )
    assert code == 0 and "can read" not in said and results["val_loss"] > 0


@pytest.mark.parametrize(("language", "least"), [("french", 0.97), ("polish", 0.75), ("turkish", 0.85)])
def test_what_is_left_out_is_one_figure_wherever_a_text_meets_an_alphabet(language, least, charlab, file):
    text = odd_texts.sentences(language, 8_000)
    path, alphabet = file(text), "".join(map(chr, range(255)))
    results, said, code = charlab(
        "train", "--corpus", path, "--preset", "ngram", "--set", "alphabet=code-points", "--set", "order=3"
    )
    share = readable(text, alphabet)
    assert code == 0 and least < share < 1
    figure = f"{share:.1%} of this text ({round(share * len(text)):,} of {len(text):,} characters)"
    assert figure in said
    run = store.find(results["run"])
    assert run.config().coverage.share == share and any(figure in note for note in run.config().notes)
    document, said, _ = charlab("evaluate", run.id, "--corpus", path, "--split", "all")
    assert document["coverage"]["share"] == share and figure in said
    assert ("say little about this text" in said) == (share < 0.9)
    validated, _, _ = charlab("evaluate", run.id, "--corpus", path)
    assert validated["loss_nats"] == pytest.approx(results["val_loss"])
    prompt = next(text[i:] for i in range(len(text)) if text[i] not in alphabet)[:40]
    inside = sum(map(alphabet.__contains__, prompt))
    for words in (("explain", run.id, "--text", prompt), ("generate", run.id, "--seed-text", prompt)):
        document, said, _ = charlab(*words)
        assert document["coverage"]["share"] == inside / 40 and f"({inside} of 40 characters)" in said


# Encodings


@pytest.mark.parametrize(
    ("language", "encoding"),
    one_in(
        3, [(name, encoding) for name, spoken in odd_texts.LANGUAGES.items() for encoding in spoken.encodings[:2]]
    ),
)
def test_a_legacy_encoding_is_proposed_and_named_and_the_text_is_right(language, encoding, charlab, file):
    text = odd_texts.sentences(language, 2_600)
    results, said, code = charlab("train", "--corpus", file(text.encode(encoding)), "--preset", "ngram")
    run = store.find(results["run"])
    assert code == 0 and text_of(run) == text
    if encoding == "ascii":
        assert run.config().reading == {} and "Read as" not in said
        return
    assert "--encoding NAME" in said and f"({run.config().reading['encoding']})" in said
    assert text[:20] in said.replace("\u2068", "").replace("\u2069", "")
    again, _, code = charlab(
        "evaluate", run.id, "--corpus", file(text.encode(encoding)), "--encoding", encoding, "--split", "all"
    )
    assert code == 0 and again["characters"] == len(text) - 1 and again["unknown"] == 0


@pytest.mark.parametrize("language", ["french", "russian", "greek", "korean", "chinese", "arabic"])
@pytest.mark.parametrize("bad", [b"It\x92s ", b"\xe9t\xe9 "], ids=repr)
def test_utf_8_with_a_few_bad_bytes_stays_utf_8(language, bad, charlab, file):
    data, text = odd_texts.merged(language, bad)
    results, said, code = charlab("train", "--corpus", file(data), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text
    number = text.count("\ufffd")
    assert f"Replaced {number} incomplete or damaged character" in said and "line " in said and "column " in said


@pytest.mark.parametrize("language", ["french", "russian", "hindi", "chinese"])
def test_a_file_that_ends_within_a_character_is_read_to_there(language, charlab, file):
    data, text = odd_texts.cut(language)
    results, said, code = charlab("train", "--corpus", file(data), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text and "Replaced 1 incomplete" in said


@pytest.mark.parametrize("language", one_in(2, ["german", "french", "vietnamese", "korean", "polish"]))
@pytest.mark.parametrize("part", ["all", "half"])
def test_letters_apart_from_their_accents_are_composed_and_that_is_said(language, part, charlab, file):
    text = odd_texts.sentences(language, 4_000)
    at = 0 if part == "all" else 1_800
    apart = text[:at] + unicodedata.normalize("NFD", text[at:])
    results, said, code = charlab("train", "--corpus", file(apart), "--preset", "ngram")
    run = store.find(results["run"])
    assert code == 0 and text_of(run) == text and "NFC" in said
    assert len(run.vocab().characters) == len(set(text))
    word = max(text[:300].split(), key=lambda word: len(unicodedata.normalize("NFD", word)) - len(word))
    answers = [charlab("explain", run.id, "--text", unicodedata.normalize(form, word)) for form in ("NFC", "NFD")]
    assert answers[0][0] == answers[1][0] and answers[0][0]["coverage"]["share"] == 1
    assert "Accents" in answers[1][1] and "Accents" not in answers[0][1]
    results, said, code = charlab("train", "--corpus", file(apart), "--preset", "ngram", "--no-normalise")
    assert code == 0 and text_of(store.find(results["run"])) == apart and "NFC" not in said


@pytest.mark.parametrize(("language", "parts"), [("english", 4), ("russian", 2), ("arabic", 3)])
def test_byte_order_marks_inside_are_removed_and_counted(language, parts, charlab, file):
    data, text = odd_texts.marked(language, parts)
    results, said, code = charlab("train", "--corpus", file(data), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text
    assert f"Removed {parts - 1} byte-order mark" in said


@pytest.mark.parametrize(
    ("sign", "name"),
    [
        ("\x0b", "vertical tab (U+000B)"),
        ("\x0c", "form feed (U+000C)"),
        ("\x85", "next line (U+0085)"),
        ("\u2028", "line separator (U+2028)"),
        ("\u2029", "paragraph separator (U+2029)"),
    ],
)
def test_every_rare_line_break_is_a_line_end_and_named(sign, name, charlab, file):
    text = odd_texts.sentences("english", 3_000)
    results, said, code = charlab("train", "--corpus", file(text + f"one{sign}two{sign}\n"), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text + "one\ntwo\n\n"
    assert f"Read 2 rare line breaks as line ends: 2 {name}" in said


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_of_every_system_are_the_same_text(ends, charlab, file):
    text = "the quick brown fox\njumps over the lazy dog\n" * 60
    results, said, code = charlab("train", "--corpus", file(text.replace("\n", ends)), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text


def test_emoji_written_as_surrogate_pairs_are_whole_and_counted(charlab, file):
    text = odd_texts.sentences("english", 2_400) + "\U0001f98a\U0001f600\n"
    data = "".join(map(_as_pair, text)).encode("utf-8", "surrogatepass")
    results, said, code = charlab("train", "--corpus", file(data), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text and "Joined 2 surrogate pairs" in said


def _as_pair(character: str) -> str:
    """A character beyond U+FFFF as two halves, as CESU-8 and some programs write it."""
    if character <= "\uffff":
        return character
    halves = character.encode("utf-16-be")
    return chr(int.from_bytes(halves[:2], "big")) + chr(int.from_bytes(halves[2:], "big"))


# What the last tenth measures


@pytest.mark.parametrize("language", one_in(2, ["english", "russian", "polish", "greek", "korean"]))
def test_a_sorted_list_is_said_to_differ_and_shuffled_lines_do_not(language, charlab, file):
    text = odd_texts.sorted_lines(language)
    results, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram")
    assert code == 0 and "differs from the rest of the text" in said and "Set the split to lines" in said
    assert any("differs from the rest" in note for note in results["notes"])
    shuffled, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram", "--set", "split=lines")
    assert code == 0 and "differs from the rest" not in said
    assert shuffled["val_loss"] < results["val_loss"]


@pytest.mark.parametrize(
    "languages", [("english", "french"), ("russian", "ukrainian"), ("german", "german", "polish")]
)
def test_a_last_chapter_unlike_the_others_is_said(languages, charlab, file):
    text = odd_texts.chapters(*languages[:-1]) + odd_texts.sentences(languages[-1], 3_000)
    _, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram")
    assert code == 0 and "differs from the rest of the text" in said and "Set the split to blocks" in said


@pytest.mark.parametrize("times", [3, 10, 40])
@pytest.mark.parametrize("language", ["english", "arabic"])
def test_a_text_pasted_several_times_is_said_to_be_copied(language, times, charlab, file):
    _, said, code = charlab("train", "--corpus", file(odd_texts.pasted(language, times)), "--preset", "ngram")
    assert code == 0 and "100% of the validation set is also in the training part, word for word" in said


def test_a_text_that_says_nothing_twice_is_not_said_to_be_copied(charlab, file):
    _, said, code = charlab("train", "--corpus", file(odd_texts.sentences("english", 30_000)), "--preset", "ngram")
    assert code == 0 and "word for word" not in said and "differs from the rest" not in said


@pytest.mark.parametrize("characters", [2_000, 2_005])
def test_a_short_validation_set_is_said_to_be_uncertain(characters, charlab, file):
    text = odd_texts.sentences("english", characters)
    _, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram")
    assert code == 0 and "The validation set has only" in said
    assert "the validation loss is uncertain, for a trigram model by ± " in said


def test_a_validation_loss_has_its_standard_error(charlab, file):
    errors = {}
    for characters in (8_000, 80_000):
        text = odd_texts.sentences("french", characters)
        results, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram")
        assert code == 0 and "has only" not in said
        [event] = [event for event in store.find(results["run"]).events()[0] if event["event"] == "epoch"][-1:]
        errors[characters] = event["val_error"]
    assert 0 < errors[80_000] < errors[8_000] < 1


@pytest.mark.parametrize(
    ("language", "where"), one_in(4, itertools.product(["english", "russian", "french"], ["start", "end", "both"]))
)
def test_a_licence_is_offered_for_removal_and_the_book_remains(language, where, charlab, file):
    text, story = odd_texts.book(language, where)
    results, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram")
    assert code == 0 and text_of(store.find(results["run"])) == text
    assert "contains the header and the licence of Project Gutenberg" in said and "--remove-licence" in said
    results, said, code = charlab("train", "--corpus", file(text), "--preset", "ngram", "--remove-licence")
    assert code == 0 and text_of(store.find(results["run"])) == story
    assert "differs from the rest" not in said


# Act before check


@pytest.mark.parametrize("state", ["paused", "stopped", "failed"])
def test_a_run_whose_text_changed_is_not_resumed_and_stays_as_it_was(state, charlab, file):
    text = odd_texts.sentences("english", 3_000)
    results, _, _ = charlab("train", "--corpus", file(text), "--preset", "ngram")
    run = store.find(results["run"])
    run.write_status(store.Status(state, reason="As before."))
    file(text + "More.\n")
    document, said, code = charlab("resume", run.id)
    assert code == 2 and document is None and "checksum" in said
    assert (run.status().state, run.status().reason) == (state, "As before.")


@pytest.mark.parametrize("name", ["x" * 600, "море " * 100, "\u202e" + "שלום" * 40, "🦊" * 300])
def test_a_model_file_that_was_written_here_is_accepted_here(name, charlab, tmp_path):
    run = make_run(name=name)
    assert charlab("export", run.id, "--format", "bundle", "--to", tmp_path / "model.zip")[2] == 0
    document, _, code = charlab("import", tmp_path / "model.zip")
    assert code == 0 and document["name"] == name


# Numbers as people type them


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (["--temperature", "0,5"], ["--temperature", "0.5"]),
        (["--temperature", "1,50"], ["--temperature", "1.5"]),
        (["--top-k", "0"], []),
        (["--top-p", "0"], []),
        (["--top-p", "0,90", "--top-k", "3"], ["--top-p", "0.9", "--top-k", "3"]),
        (["--temperature", "٠٫٥"], ["--temperature", "0.5"]),
    ],
)
def test_numbers_as_people_type_them(typed, same, charlab):
    run = make_run()
    found = [charlab("generate", run.id, "--length", "60", *options)[0]["samples"] for options in (typed, same)]
    assert found[0] == found[1] and len(found[0][0]) == 60


@pytest.mark.parametrize("words", ["12", "1,5", "true", "none", " 7 ", "0x10"])
def test_a_setting_that_is_a_text_stays_what_was_typed(words, charlab, file):
    text = odd_texts.sentences("english", 2_400)
    results, _, code = charlab("train", "--corpus", file(text), "--preset", "ngram", f"--set=seed_text={words}")
    assert code == 0 and store.find(results["run"]).config().train.seed_text == words
