"""docs/tour.md leads through core/ in reading order, and every block gives what it prints."""

import doctest
import re

import charlab.core
from helpers.project import ROOT

TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
CHAPTERS = dict(re.findall(r"^## \d\. [^\n]*`(\w+\.py)`\n(.*?)(?=^## )", TOUR, re.MULTILINE | re.DOTALL))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def failures(blocks: list[str]) -> str:
    """What differs when the blocks are typed into one prompt, as doctest reports it."""
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks, 1):
        test = doctest.DocTestParser().get_doctest(block, names, f"block {number}", "docs/tour.md", 0)
        test.globs = names  # what one block defines, later ones use
        runner.run(test, out=said.append, clear_globs=False)
    return "".join(said)


def test_every_block_gives_what_it_prints():
    blocks = BLOCK.findall(TOUR)
    assert len(blocks) >= 15 and all(block.startswith(">>> ") for block in blocks)
    assert not failures(blocks)


def test_a_wrong_result_is_told_and_a_block_knows_those_before_it():
    assert "Expected:\n    3\nGot:\n    2" in failures([">>> 1 + 1\n3\n"])
    assert not failures([">>> x = 1\n", ">>> x\n1\n"])


def test_every_chapter_has_a_file_a_question_and_three_things_to_try():
    assert list(CHAPTERS) == ["vocab.py", "recurrent.py", "sampling.py", "generation.py", "reading.py"]
    for name, words in CHAPTERS.items():
        assert (ROOT / "charlab" / "core" / name).exists()
        assert re.search(r"^\*\*[^*]+\?\*\*", words, re.MULTILINE), f"{name} has no question"
        assert len(BLOCK.findall(words)) == 3, name


def test_the_core_names_all_its_modules_in_the_tours_order():
    named = re.findall(r"^    (\w+)  ", charlab.core.__doc__, re.MULTILINE)
    chapters = [name.removesuffix(".py") for name in CHAPTERS]
    assert [name for name in named if name in chapters] == chapters
    for path in (ROOT / "charlab" / "core").glob("[a-z]*.py"):
        assert re.search(rf"\b{path.stem}\b", charlab.core.__doc__), f"{path.stem} is not named"
