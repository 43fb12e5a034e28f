"""The three texts that come with Python."""

import sys
import sysconfig
import unicodedata
from pathlib import Path

from charlab.corpora import catalogue, python_texts


def test_unicode_names_are_names_of_characters_in_order():
    lines = catalogue.load("unicode-names").text.splitlines()
    characters = [unicodedata.lookup(line) for line in lines]
    assert characters == sorted(characters)
    assert "GREEK SMALL LETTER ALPHA" in lines and "HANGUL SYLLABLE GA" not in lines
    assert not any("CJK" in line for line in lines)
    if unicodedata.unidata_version == "14.0.0":  # Python 3.11
        assert len(lines) == 33_310


def test_python_reference_is_prose_in_the_order_of_its_topics():
    from pydoc_data.topics import topics

    text = catalogue.load("python-reference").text
    places = [text.find(topics[name].strip("\n")[:200]) for name in sorted(topics)]
    assert min(places) == 0 and len(places) == len(topics)
    assert len(text) > 0.99 * sum(map(len, topics.values()))


def test_python_source_is_the_library_and_nothing_of_this_machine():
    text = catalogue.load("python-source").text
    folder = Path(sysconfig.get_path("stdlib"))
    for module in ("ast", "heapq", "this"):
        assert (folder / f"{module}.py").read_text(encoding="utf-8") in text
    settings = [path for path in folder.glob("_sysconfigdata*.py")]
    assert settings or sys.platform == "win32"  # Windows has none
    assert all(path.read_text(encoding="utf-8") not in text for path in settings)


def test_a_module_that_does_not_decode_is_skipped(tmp_path, monkeypatch):
    (tmp_path / "ast.py").write_bytes("# é\n".encode("latin-1"))
    (tmp_path / "heapq.py").write_bytes(b"x = 1\r\n")
    (tmp_path / "sitecustomize.py").write_bytes(b"not_of_the_library = True\n")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    assert python_texts.python_source() == "x = 1\r\n"
