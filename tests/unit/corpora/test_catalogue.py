"""The catalogue and what its names give: facts that agree with the texts, stored texts, files, and refusals."""

import dataclasses
import hashlib
import subprocess
import sys
import sysconfig
import threading

import pytest

from charlab.corpora import catalogue, downloads, stored_texts, synthetic, uploads
from charlab.errors import CorpusError

SYNTHETIC = ("markov", "reber", "additions", "coin-flips")
BUNDLED = ("unicode-names", "python-reference", "python-source")
OWN = "A text of my own, long enough to learn from.\n" * 60


def test_the_catalogue_names_what_there_is_in_this_order():
    assert tuple(catalogue.CORPORA) == ("shakespeare", "complete-works", *BUNDLED, *SYNTHETIC)
    for name, corpus in catalogue.CORPORA.items():
        assert corpus.name == name
        assert corpus.title and corpus.licence and corpus.about.endswith(".") and "\n" not in corpus.about
        assert corpus.characters > 100_000 and corpus.alphabet_size >= 2
        assert corpus.needs_network == (name in ("shakespeare", "complete-works"))
        assert (corpus.entropy_bits is None) == (name not in SYNTHETIC)


def test_importing_makes_no_text_and_asks_nobody():
    code = "import sys; from charlab.corpora import catalogue;"
    code += "print(catalogue._build.cache_info().currsize, *sys.modules)"
    words = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert words[0] == "0"
    assert not {"pooch", "requests", "pydoc_data.topics", "tensorflow", "streamlit"} & set(words)


@pytest.mark.parametrize("name", SYNTHETIC + BUNDLED)
def test_a_text_is_as_the_catalogue_says(name):
    corpus, text = catalogue.CORPORA[name], catalogue.load(name)
    assert corpus.is_here()
    assert (text.name, text.title, text.entropy_bits) == (name, corpus.title, corpus.entropy_bits)
    assert text.sha256 == hashlib.sha256(text.text.encode("utf-8")).hexdigest()
    assert text == catalogue.load(name)
    # Python 3.11's sizes; other versions have other ones, not far from them.
    assert len(text.text) == pytest.approx(corpus.characters, rel=0.15)
    assert len(set(text.text)) == pytest.approx(corpus.alphabet_size, rel=0.15)
    if name in SYNTHETIC:
        assert (len(text.text), len(set(text.text))) == (corpus.characters, corpus.alphabet_size)


def test_synthetic_texts_are_the_grammars_with_the_documented_seed_and_length():
    for name in SYNTHETIC:
        source = getattr(synthetic, name.replace("-", "_"))
        assert catalogue.load(name).text == source(catalogue.SEED, catalogue.LENGTH)


@pytest.fixture
def nothing_built():
    catalogue._build.cache_clear()
    yield
    catalogue._build.cache_clear()


def test_a_python_without_sources_says_so_and_offers_others(nothing_built, tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert not catalogue.CORPORA["python-source"].is_here()
    with pytest.raises(CorpusError, match="no source code.*need no network: unicode-names"):
        catalogue.load("python-source")


def test_a_python_without_its_reference_says_so_and_offers_others(nothing_built, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(CorpusError, match="no language reference.*need no network: unicode-names"):
        catalogue.load("python-reference")


def test_tiny_shakespeare_where_it_is(monkeypatch):
    if not catalogue.CORPORA["shakespeare"].is_here():
        pytest.skip("shakespeare.txt is not here (CHARLAB_CORPORA names its folder)")
    text, corpus = catalogue.load("shakespeare"), catalogue.CORPORA["shakespeare"]
    assert text.sha256 == downloads.SHAKESPEARE.sha256
    assert (len(text.text), len(set(text.text))) == (corpus.characters, corpus.alphabet_size)
    assert text.text.startswith("First Citizen:\n") and text.notes == ()


# Stored texts


def test_a_stored_text_comes_back_the_same_and_stands_in_the_list():
    assert catalogue.stored() == []
    text = uploads.read_pasted(OWN + "🙂\x0c")
    name = catalogue.store(text)
    assert name == text.name == f"text-{text.sha256[:16]}"
    assert catalogue.load(name) == catalogue.load(name, paths=False) == text
    assert text.notes  # and they are kept as well
    [corpus] = catalogue.stored()
    assert (corpus.name, corpus.title) == (name, "Pasted text")
    assert (corpus.characters, corpus.alphabet_size) == (len(text.text), len(set(text.text)))
    assert corpus.is_here() and not corpus.needs_network and corpus.entropy_bits is None


def test_a_text_stored_twice_is_kept_once_under_its_first_title():
    first = catalogue.store(uploads.read_pasted(OWN, "First"))
    second = catalogue.store(uploads.read_bytes(OWN.encode("utf-16"), "second.txt"))
    assert first == second
    assert [corpus.title for corpus in catalogue.stored()] == ["First"]
    catalogue.store(uploads.read_pasted(OWN.upper(), "another"))
    assert [corpus.title for corpus in catalogue.stored()] == ["another", "First"]


def test_another_process_finds_a_stored_text():
    name = catalogue.store(uploads.read_pasted(OWN))
    code = f"from charlab.corpora import catalogue; print(catalogue.load({name!r}).sha256)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == hashlib.sha256(OWN.encode("utf-8")).hexdigest()


def test_many_who_store_the_same_text_at_once_do_not_disturb_each_other():
    text = uploads.read_pasted(OWN * 100)
    names = []
    threads = [threading.Thread(target=lambda: names.append(catalogue.store(text))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == [text.name] * 12
    assert catalogue.load(text.name) == text
    assert len(list((downloads.cache_folder() / "texts").iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"title": "x"}', None])
def test_a_half_written_text_is_not_listed_nor_loaded_and_storing_heals_it(damage):
    text = uploads.read_pasted(OWN)
    name = catalogue.store(text)
    path = stored_texts.path_of(name).with_suffix(".json")
    path.unlink() if damage is None else path.write_bytes(damage)
    assert catalogue.stored() == []
    with pytest.raises(CorpusError, match="Add it again"):
        catalogue.load(name)
    assert catalogue.store(text) == name
    assert catalogue.load(name) == text


def test_a_stored_text_that_was_changed_is_not_used():
    name = catalogue.store(uploads.read_pasted(OWN))
    stored_texts.path_of(name).write_text("something else", encoding="utf-8")
    with pytest.raises(CorpusError, match="damaged"):
        catalogue.load(name)


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    (tmp_path / "a-file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "a-file"))
    assert catalogue.stored() == []
    with pytest.raises(CorpusError, match="CHARLAB_CACHE"):
        catalogue.store(uploads.read_pasted(OWN))


# Files and names


def test_a_path_is_read_under_the_rules_of_uploads_without_their_limit(tmp_path, monkeypatch):
    path = tmp_path / "mine.txt"
    path.write_bytes(OWN.replace("\n", "\r\n").encode("utf-8"))
    text = catalogue.load(str(path))
    assert (text.text, text.title, text.name) == (OWN, "mine.txt", str(path.resolve()))
    assert catalogue.load(text.name) == text
    monkeypatch.chdir(tmp_path)
    assert catalogue.load("mine.txt") == text
    path.write_bytes(b"short")
    with pytest.raises(CorpusError, match="too short"):
        catalogue.load(str(path))
    assert catalogue.load(str(path), minimum=2).text == "short"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(CorpusError, match="PDF"):
        catalogue.load(str(path))


@pytest.mark.parametrize("name", ["shakespare", "", "no\0such", "text-0123", "text-0123456789ABCDEF", "x" * 5000])
def test_a_name_that_is_none_is_refused_with_those_there_are(name):
    with pytest.raises(CorpusError):
        catalogue.load(name)
    with pytest.raises(CorpusError, match="Available texts: shakespeare, complete-works"):
        catalogue.load(name, paths=False)


def test_a_stored_text_that_is_not_here_says_what_to_do():
    with pytest.raises(CorpusError, match="Add it again"):
        catalogue.load("text-0123456789abcdef")


def test_names_from_the_web_open_no_files(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text(OWN, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        catalogue.load(str(path), paths=False)
    assert "long enough" not in str(caught.value)


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        catalogue.load(str(tmp_path))


def test_a_corpus_can_be_written_as_json():
    rows = [dataclasses.asdict(corpus) for corpus in catalogue.CORPORA.values()]
    assert all(isinstance(value, str | int | float | bool | None) for row in rows for value in row.values())
