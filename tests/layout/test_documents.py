"""What the documents name exists: paths in backticks, names in a file, modules to run, links. Programs run."""

import re

import pytest

from helpers.project import ROOT

DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "charlab/starters/README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")),
]
# Not in a checkout: folders that a reader makes, and files that a run or an installation makes.
PLACEHOLDERS = {
    "charlab/labs/<name>/", "pages/parts/<page>/", "data.py", "network.py", "train.py",
    ".venv/bin/python", "runs/", "control.json", "status.json",
    "config.json", "server/secret", "server/teacher.json", "teacher.json", "server/gpt2.json",
}  # fmt: skip
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
SUFFIXES = (".py", ".js", ".md", ".json", ".toml", ".txt", ".css", ".svg", ".yml")


def named_paths(text: str) -> set[str]:
    """Paths in backticks: one word with a slash or a file's ending. Addresses are none."""
    words = {word for word in re.findall(r"`([^`\s]+)`", text) if "/" in word or word.endswith(SUFFIXES)}
    return {word for word in words if "://" not in word and not word.startswith("/")}


def is_there(path: str, document: str = "") -> bool:
    folders = ("", "charlab", "tests", *(["charlab/core"] if document == "docs/tour.md" else []))
    return any((ROOT / folder / path).exists() for folder in folders)


def names_in_files(text: str) -> set[tuple[str, str]]:
    """(name, path) of every "`name` in `path`", and of "`name` and `name` in `path`"."""
    found = re.findall(r"((?:`\w+`(?:, | and )?)+) in `([\w./]+\.(?:py|js))`", text)
    return {(name, path) for names, path in found for name in re.findall(r"\w+", names.replace(" and ", " "))}


def module_paths(text: str) -> set[str]:
    """The project's modules that a reader is told to run with `python -m`, as paths without an ending."""
    return {name.replace(".", "/") for name in re.findall(r"-m ((?:charlab|benchmarks)(?:\.\w+)*)", text)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_paths_exist(document):
    missing = {path for path in named_paths(TEXTS[document]) - PLACEHOLDERS if not is_there(path, document)}
    assert not missing, f"{document} names what is not there: {', '.join(sorted(missing))}"


def test_links_lead_somewhere():
    links = [(name, to) for name, text in TEXTS.items() for to in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)]
    assert len(links) > 20
    for document, target in links:
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"


def test_modules_to_run_exist():
    paths = set().union(*(module_paths(text) for text in TEXTS.values()))
    assert {"charlab", "charlab/starters", "benchmarks/quality"} <= paths
    for path in paths:
        assert (ROOT / f"{path}.py").exists() or (ROOT / path / "__main__.py").exists(), path


def test_names_are_in_the_files_they_are_said_to_be_in():
    found = [pair for text in TEXTS.values() for pair in names_in_files(text)]
    assert len(found) > 3
    for name, path in found:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"(def|class|function) {name}\b|^{name}\b", source, re.MULTILINE), f"{name} in {path}"


def test_every_document_is_linked_from_the_readme():
    linked = set(re.findall(r"\]\(([^)#]+\.md)\)", TEXTS["README.md"]))
    assert {name for name in DOCUMENTS if name.startswith("docs/")} <= linked


def test_placeholders_are_used_and_what_is_wrong_would_be_noticed():
    named = set().union(*(named_paths(text) for text in TEXTS.values()))
    assert named >= PLACEHOLDERS and len(named) > 40
    wrong = "`charlab/sitting.py`, `hand_out` and `bring` in `charlab/errors.py`, `python -m charlab.sitting`, `gs://x`"
    assert named_paths(wrong) == {"charlab/sitting.py", "charlab/errors.py"} and not is_there("charlab/sitting.py")
    assert names_in_files(wrong) == {("hand_out", "charlab/errors.py"), ("bring", "charlab/errors.py")}
    assert module_paths(wrong) == {"charlab/sitting"}


def programs(text: str) -> list[str]:
    """The Python programs of a document; those typed at a prompt (`>>>`) are run by another test."""
    return [
        code for code in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if ">>>" not in code
    ]


def test_the_program_in_hidden_units_prints_the_documents_table(capsys):
    text = TEXTS["docs/hidden-units.md"]
    (program,) = programs(text)
    exec(compile(program, "docs/hidden-units.md", "exec"), {})  # noqa: S102
    *printed, digest = capsys.readouterr().out.splitlines()
    rows = re.findall(r"^\| \**([^|*]+?)\** \| \**(\d+)\** (.*) \|$", text, re.MULTILINE)
    table = [[feature, unit, *re.findall(r"[-+]?\d\.\d\d", figures)] for feature, unit, figures in rows]
    assert len(table) > 10
    assert [re.split(r"  +layer 1, hidden, unit | +(?=[-+\d])", line) for line in printed] == table
    assert f"`{digest}`" in text


def test_every_program_of_the_documents_is_run():
    assert [name for name, text in TEXTS.items() if programs(text)] == ["docs/hidden-units.md"]
