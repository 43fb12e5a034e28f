"""Reviews as words: what a word is, its id or bucket, and which texts are learned from and which are not."""

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.corpora import downloads
from charlab.corpora.downloads import Download
from charlab.errors import ConfigError, CorpusError, DownloadError
from charlab.labs import catalogue
from charlab.labs.sentiment import data, vectors, words
from charlab.labs.sentiment.forms import NETWORKS, Form
from charlab.labs.sentiment.words import Words
from charlab.runs import schema, store

LAB = catalogue.LABS["sentiment"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A great film!", ["a", "great", "film"]),
        ("It isn't “good”, it’s 'fine'.", ["it", "isn't", "good", "it's", "fine"]),
        ("<b>bold</b> 2 CLICHÉS", ["b", "bold", "b", "clichés"]),
        ("cliche\u0301", ["cliché"]),
        ("10/10 !!!", []),
    ],
)
def test_words_are_letters_with_apostrophes_inside_and_small(text, found):
    assert words.split(text) == found


def test_a_word_has_its_own_id_or_that_of_its_bucket():
    vocabulary = Words.of([["b", "a", "b"], ["c", "a", "b", "d"]], known=2, buckets=3)
    assert vocabulary.words == ("b", "a", "c", "d") and vocabulary.ids_in_all == 1 + 2 + 3
    assert [vocabulary.id(word) for word in "ba"] == [1, 2]
    for word in ("c", "d", "never"):
        assert vocabulary.id(word) == 3 + vocabulary.bucket(word) and not vocabulary.is_known(word)
        assert 0 <= vocabulary.bucket(word) < 3
    for word in "cd":
        assert word in vocabulary.in_bucket(vocabulary.bucket(word))
    assert sorted(word for bucket in range(3) for word in vocabulary.in_bucket(bucket)) == ["c", "d"]
    rows = vocabulary.ids([["b"], ["a", "b", "c"]], 2)
    assert rows.tolist() == [[1, 0], [2, 1]]


def test_the_buckets_are_the_same_in_every_process():
    """By a checksum, not by Python's hash, which differs from process to process: CRC-32 of these digits is
    published as 0xCBF43926."""
    assert Words.of([["a"]], 1, 1_000).bucket("123456789") == 0xCBF43926 % 1_000


def test_a_vocabulary_goes_to_a_runs_directory_and_back(tmp_path):
    vocabulary = Words.of([["good", "bad", "good"]], known=1)
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary.to_json()), encoding="utf-8")
    assert Words.read(tmp_path) == vocabulary
    schema.check_vocab(vocabulary.to_json())
    (tmp_path / "vocab.json").write_text(json.dumps(Vocab("ab").to_json()), encoding="utf-8")
    with pytest.raises(ConfigError, match="needs words"):
        Words.read(tmp_path)
    with pytest.raises(ConfigError, match="no words"):
        Words.of([])


@pytest.fixture(scope="module")
def whole() -> data.Data:
    return data.of_form(Form(), 1)


def test_no_text_is_in_two_parts_and_each_has_both_judgements(whole):
    parts = (whole.training, whole.validation, whole.test)
    assert [len(part) for part in parts] == [8_000, 662, 2_000]
    assert sum(len(part) for part in parts) == 2 * 5_331
    for part in parts:
        assert 0.45 < part.positive.mean() < 0.55
    counted = sum(int(part.positive.sum()) for part in parts)
    assert counted == 5_331


def test_rows_have_ids_zeros_and_the_judgement(whole):
    rows = whole.validation.rows(whole.words, 52)
    assert rows.shape == (662, 53) and rows.dtype == np.int32
    for row, text, positive in zip(rows, whole.validation.words, whole.validation.positive, strict=True):
        assert row[: len(text)].tolist() == [whole.words.id(word) for word in text]
        assert not row[len(text) : -1].any() and row[-1] == positive
    assert max(len(text) for text in whole.training.words) <= 52
    assert whole.words.known == 10_000 and whole.words.ids_in_all == 11_001


def test_the_labels_that_are_used_are_half_and_half_and_drawn_by_the_seed(whole):
    few, again, other = (data.of_form(Form("mean", labels=100), seed) for seed in (1, 1, 2))
    assert few.training.words == again.training.words != other.training.words
    assert len(few.training) == 100 and few.training.positive.sum() == 50
    assert set(few.training.words) <= set(whole.training.words)
    assert few.test.words == whole.test.words and few.words.known < 2_000
    with pytest.raises(ConfigError, match="labels must be"):
        Form("mean", labels=7)


def test_pretrained_vectors_are_those_of_the_texts_words(whole):
    found = data.of_form(Form("mean", labels=100, vectors="glove"), 1)
    ours, all_vectors = vectors.load()
    assert found.table.shape == (found.words.ids_in_all, 100) and not found.table[0].any()
    for word in ("film", "great", "boring"):
        assert (found.table[found.words.id(word)] == all_vectors[ours.index(word)]).all()
    assert not found.table[1 + found.words.known :].any()


def test_vectors_are_read_from_stanfords_archive_and_missing_ones_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLAB_CORPORA", str(tmp_path))
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "cache"))
    assert not vectors.is_here()
    with pytest.raises(CorpusError, match="862 MB.*CHARLAB_CORPORA"):
        vectors.load()
    lines = "".join(f"{word} {' '.join(str(number) for number in range(100))}\n" for word in ("film", "good"))
    with zipfile.ZipFile(tmp_path / vectors.ARCHIVE, "w") as archive:
        archive.writestr(vectors.MEMBER, lines)
    found, table = vectors.load()
    assert found == ("film", "good") and table[1].tolist() == list(range(100))
    (tmp_path / vectors.SMALL).write_bytes(b"nothing")
    with pytest.raises(CorpusError, match="cannot be read"):
        vectors.load()


def test_whole_reviews_are_read_from_the_archive_of_their_authors(tmp_path, monkeypatch):
    """An archive of the same form, with a few invented reviews."""
    monkeypatch.setenv("CHARLAB_CORPORA", str(tmp_path))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part in ("train", "test"):
            for kind, text in (("pos", "So good<br /><br />and fine"), ("neg", "A dull film"), ("unsup", "Who?")):
                for number in range(3_000 if kind != "unsup" else 2):
                    body = f"{text} {part}".encode()
                    info = tarfile.TarInfo(f"aclImdb/{part}/{kind}/{number}_9.txt")
                    info.size = len(body)
                    archive.addfile(info, io.BytesIO(body))
    learned, test = data._reviews(buffer.getvalue())
    assert len(learned) == len(test) == 6_000 and learned.positive.sum() == 3_000
    assert set(learned.words) == {("so", "good", "and", "fine", "train"), ("a", "dull", "film", "train")}
    monkeypatch.setattr(data, "_split", lambda name: (learned, test))
    found = data.of_form(Form("mean", texts="reviews"), 1)
    assert [len(part) for part in (found.training, found.validation, found.test)] == [3_500, 2_500, 6_000]
    assert Form("mean", texts="reviews").train.sequence_length == 400
    assert Form("lecture", texts="reviews").train.sequence_length == 64


def test_without_the_file_and_a_network_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLAB_CORPORA", str(tmp_path))
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.2)
    source = data.SOURCES["sentences"]
    nowhere = Download("sentence_polarity.zip", ("http://127.0.0.1:9/x.zip",), source.download.sha256)
    monkeypatch.setitem(data.SOURCES, "sentences", data.Source(*list(vars(source).values())[:4], nowhere))
    with pytest.raises(DownloadError, match=r"0.5 MB, CC BY 4.0.*Copy the file sentence_polarity.zip"):
        data.fetch("sentences")


@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("masked", [True, False])
def test_a_form_is_one_word_in_a_runs_configuration(network, masked):
    for form in (
        Form(network, masked),
        Form(network, masked, "reviews", 300),
        Form("mean", masked, vectors="glove"),
    ):
        assert Form.from_code(form.code) == form
        config = LAB.version(form.code).config()
        assert config.preset == form.code and store.RunConfig.from_json(config.to_json()) == config
        assert config.corpus_sha256 == data.sha256(form)


@pytest.mark.parametrize("code", ["", "knitting", "gru-glove", "gru-7", "mean-glove-300", "gru-unmasked-unmasked"])
def test_what_is_no_form_is_refused(code):
    with pytest.raises(ConfigError, match="Received"):
        Form.from_code(code)


def test_the_data_of_a_run_are_those_it_began_with():
    config = LAB.version("mean-100").config()
    assert len(data.of_run(config, Vocab("a")).training) == 100
    changed = store.RunConfig.from_json(config.to_json() | {"corpus_sha256": "0"})
    with pytest.raises(CorpusError, match="Start a new run"):
        data.of_run(changed, Vocab("a"))
