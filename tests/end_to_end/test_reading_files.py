"""Files in any encoding at the command line: what is said of how they were read, and that a run keeps to it."""

import hashlib
import json
import unicodedata

import pytest

from charlab.cli import main
from charlab.core.config import ModelConfig
from charlab.corpora import catalogue
from charlab.corpora.encoding import make_vocab, text_ids
from charlab.corpora.uploads import read_plainly
from charlab.errors import CorpusError
from charlab.runs import models, plan, store
from charlab.runs.presets import preset
from helpers.runs import all_runs
from helpers.tiny import make_run

RUSSIAN = "Море было тихим, и лодка вышла рано утром.\n" * 80
GERMAN = "Grüße aus Zürich: müde Käse, größere Öfen, schöne Übungen.\n" * 80
BEFORE = {  # bytes of files, and the texts that earlier versions read from them
    "accents apart": (unicodedata.normalize("NFD", GERMAN).encode(), unicodedata.normalize("NFD", GERMAN)),
    "one bad byte": (GERMAN.encode() + b"\x92", (GERMAN.encode() + b"\x92").decode("cp1252")),
    "Cyrillic": (RUSSIAN.encode("cp1251"), RUSSIAN.encode("cp1251").decode("cp1252")),
    "form feeds": ((GERMAN + "\f").encode() * 2, GERMAN * 2),
    "marks inside": (b"\xef\xbb\xbf" + (GERMAN + "\ufeff").encode(), GERMAN + "\ufeff"),
}


@pytest.fixture
def said(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, json.loads(out) if code == 0 else None, err

    return run


@pytest.fixture
def file(tmp_path):
    def write(data: bytes):
        path = tmp_path / "essay.txt"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("data", "options", "text", "words"),
    [
        (RUSSIAN.encode("cp1251"), (), RUSSIAN, ["Windows-1251", "“Море было", "--encoding NAME"]),
        (RUSSIAN.encode("koi8_r"), ("--encoding", "koi8-r"), RUSSIAN, ["Read as KOI8-R"]),
        (RUSSIAN.encode() + b"\x92", (), RUSSIAN + "\ufffd", ["line 81, column 1 (0x92)"]),
        (RUSSIAN.encode() + "é".encode()[:1], (), RUSSIAN + "\ufffd", ["line 81, column 1 (0xc3)"]),
        (unicodedata.normalize("NFD", GERMAN).encode(), (), GERMAN, ["NFC"]),
        (RUSSIAN.encode("utf-32"), (), RUSSIAN, []),
    ],
    ids=["proposed", "given", "bad byte", "cut", "accents apart", "utf-32"],
)
def test_a_file_is_read_the_same_in_training_in_the_run_and_in_evaluating(data, options, text, words, said, file):
    path = file(data)
    code, trained, err = said("train", "--corpus", path, "--preset", "ngram", *options)
    assert code == 0 and all(word in err for word in words)
    [run] = all_runs()
    config = run.config()
    assert config.corpus_sha256 == hashlib.sha256(text.encode()).hexdigest()
    path.unlink()  # the run has kept its text
    ids = plan.run_ids(config, run.vocab())
    assert (ids == text_ids(text, run.vocab(), config.model)).all()
    assert models.corpus_text(config) == text
    path = file(data)
    code, evaluated, err = said("evaluate", run.id, "--corpus", path, "--window", "0", *options)
    assert code == 0 and all(word in err for word in words)
    code, kept, err = said("evaluate", run.id, "--corpus", config.corpus, "--window", "0")
    assert evaluated == kept and err == ""


def test_accents_stay_apart_where_that_is_asked_for(said, file):
    apart = unicodedata.normalize("NFD", GERMAN)
    path = file(apart.encode())
    code, _, err = said("train", "--corpus", path, "--preset", "ngram", "--no-normalise")
    [run] = all_runs()
    config = run.config()
    assert code == 0 and "NFC" not in err
    assert config.corpus_sha256 == hashlib.sha256(apart.encode()).hexdigest()
    assert config.reading == {} and config.corpus == str(path)
    assert len(plan.run_ids(config, run.vocab())) == len(apart)


def test_an_encoding_that_does_not_exist_or_fit_is_refused_before_a_run_is_made(said, file):
    path = file(RUSSIAN.encode("cp1251"))
    for name, words in (("klingon", "There is no encoding 'klingon'"), ("utf-8", "not in UTF-8")):
        code, _, err = said("train", "--corpus", path, "--preset", "ngram", "--encoding", name)
        assert code == 2 and words in err
    assert list(all_runs()) == []


@pytest.mark.parametrize("case", BEFORE)
def test_runs_of_earlier_versions_find_the_text_that_they_were_made_on(case, said, file):
    data, text = BEFORE[case]
    path = file(data)
    facts = plan.text_facts(read_plainly(data, "essay.txt"), preset("ngram").model)
    assert facts.sha256 == hashlib.sha256(text.encode()).hexdigest() != catalogue.load(str(path)).sha256
    before = store.RunConfig(
        "old", "ngram", str(path), facts.sha256, ModelConfig(kind="ngram", order=3), preset("ngram").train
    )
    vocab = make_vocab(text, before.model)
    run = store.create(before, vocab)
    assert "reading" not in json.loads((run.path / "config.json").read_text(encoding="utf-8"))
    assert len(plan.run_ids(run.config(), vocab)) == len(text)
    assert models.corpus_text(run.config()) == text
    path.write_bytes(data + b"more")
    with pytest.raises(CorpusError, match="checksum"):
        plan.run_ids(run.config(), vocab)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_prompt_is_read_in_the_form_that_the_alphabet_has_and_that_is_said(form, said):
    run = make_run(text=unicodedata.normalize(form, "grün und schön.\n"))
    right, other = (unicodedata.normalize(f, "schön") for f in (form, "NFD" if form == "NFC" else "NFC"))
    _, expected, err = said("generate", run.id, "--seed-text", right, "--length", "20")
    assert err == "" and expected["seed_text"] == right
    _, mapped, err = said("generate", run.id, "--seed-text", other, "--length", "20")
    assert mapped["samples"] == expected["samples"] and mapped["seed_text"] == right and "Accents" in err
    _, kept, err = said("generate", run.id, "--seed-text", other, "--length", "20", "--no-normalise")
    assert kept["seed_text"] == other and "Accents" not in err and "can read" in err
    _, explained, err = said("explain", run.id, "--text", other)
    assert explained == said("explain", run.id, "--text", right)[1] and "Accents" in err


def test_the_prompt_of_a_run_takes_the_form_of_its_text(said, file):
    apart = unicodedata.normalize("NFD", "schöne")
    code, _, err = said(
        "train", "--corpus", file(GERMAN.encode()), "--preset", "ngram", f"--set=seed_text={apart}"
    )
    [run] = all_runs()
    assert code == 0 and run.config().train.seed_text == "schöne" and "Accents of the prompt" in err


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_text_to_evaluate_on_is_read_in_the_form_that_the_alphabet_has_and_that_is_said(form, said, file):
    """Another text than the run's own, which is read as it was in training."""
    other = "NFD" if form == "NFC" else "NFC"
    run = make_run(text=unicodedata.normalize(form, GERMAN))
    evaluate = ("evaluate", run.id, "--split", "all", "--corpus")
    alike = file(unicodedata.normalize(form, GERMAN).encode())
    _, expected, _ = said(*evaluate, alike, "--no-normalise")
    _, evaluated, err = said(*evaluate, file(unicodedata.normalize(other, GERMAN).encode()))
    assert evaluated == expected and evaluated["unknown"] == 0
    assert ("in the form that the model's alphabet has" in err) == (form == "NFD")
    assert ("NFC" in err) == (form == "NFC")  # composed when the file was read
    _, apart, err = said(*evaluate, file(unicodedata.normalize(other, GERMAN).encode()), "--no-normalise")
    assert apart["unknown"] > 0 and "form" not in err
