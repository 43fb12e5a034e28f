"""Short functions, short modules, a core that can be read in an hour; the formatter skips nothing but tables."""

import ast
import io
import statistics
import tokenize
from pathlib import Path

import pytest

from helpers.project import ROOT, parsed, python_files

MAX_MEDIAN_FUNCTION = 12  # lines
MAX_MODULE = 400
MAX_CORE = 1_700

TABLE = ast.Dict | ast.DictComp | ast.List | ast.Set | ast.Tuple

MODULES = python_files("charlab", "pages")
EVERYTHING = [*python_files("charlab", "pages", "benchmarks", "tests"), ROOT / "streamlit_app.py"]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def function_lengths(path: Path) -> list[int]:
    """Lines of every function and method, from `def` to its last line, the docstring included."""
    functions = [
        node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [node.end_lineno - node.lineno + 1 for node in functions]


def tables(tree: ast.Module) -> set[int]:
    """The last line of every constant that a module, or a class in it, fills with several lines."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    constants = [node for body in bodies for node in body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {
        node.end_lineno for node in constants if isinstance(node.value, TABLE) and node.end_lineno > node.lineno
    }


def skips(source: str) -> list[int]:
    """The lines whose comment keeps the formatter away."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.start[0] for token in tokens if token.type == tokenize.COMMENT and "fmt:" in token.string]


def test_the_modules_were_found():
    names = {path.relative_to(ROOT).as_posix() for path in MODULES}
    assert {"charlab/core/sampling.py", "charlab/export/script_parts/training.py", "pages/train.py"} <= names
    assert len(MODULES) > 100


def test_half_of_all_functions_fit_in_a_dozen_lines():
    lengths = [length for path in MODULES for length in function_lengths(path)]
    assert len(lengths) > 500
    assert statistics.median(lengths) <= MAX_MEDIAN_FUNCTION


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_short(path):
    assert lines(path) <= MAX_MODULE, f"{lines(path) - MAX_MODULE} lines too many: split it by idea"


def test_the_core_can_be_read_in_an_hour():
    total = sum(lines(path) for path in python_files("charlab/core"))
    assert total > 500, "this test looks in the wrong place"
    assert total <= MAX_CORE, f"charlab/core/ has {total:,} lines, {total - MAX_CORE:,} too many"


def test_the_formatter_is_kept_away_from_tables_only():
    found = 0
    for path in EVERYTHING:
        source = path.read_text(encoding="utf-8")
        if "fmt:" not in source:  # reading tokens takes seconds
            continue
        skipped = skips(source)
        if wrong := set(skipped) - tables(ast.parse(source)):
            pytest.fail(f"{path.relative_to(ROOT)} has `fmt: skip` outside a table, in line {min(wrong)}")
        found += len(skipped)
    assert found


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("TABLE = {\n    'a':  1,\n}  # fmt: skip\n", True),
        ("class Config:\n    LIMITS = [\n        1,\n    ]  # fmt: skip\n", True),
        ("x = f(1,  2)  # fmt: skip\n", False),
        ("def f():\n    table = {\n        1: 2,\n    }  # fmt: skip\n", False),
        ("# fmt: off\nx = 1\n", False),
    ],
)
def test_a_table_is_told_from_other_code(source, allowed):
    assert skips(source)
    assert (set(skips(source)) <= tables(ast.parse(source))) == allowed
