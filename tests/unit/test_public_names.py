"""`import charlab` loads nothing, and each public name is imported when it is first used."""

import ast
import subprocess
import sys

import pytest

import charlab
from helpers.project import ROOT, parsed


def printed(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_importing_it_loads_nothing_else():
    code = "import sys; before = set(sys.modules); import charlab; print(sorted(set(sys.modules) - before))"
    assert printed(code) == "['charlab']"


@pytest.mark.parametrize("name", charlab.__all__)
def test_every_public_name_is_there(name):
    assert getattr(charlab, name) is not None and name in dir(charlab)
    assert not (ROOT / "charlab" / name).exists() and not (ROOT / "charlab" / f"{name}.py").exists()


def test_a_name_is_there_whatever_packages_were_imported_before():
    code = "import charlab.runs, charlab.explain as package; print(package.__name__, charlab.explain_text)"
    assert printed(code).startswith("charlab.explain <function explain at ")


def test_type_checkers_are_told_of_the_same_objects():
    told = {}
    for node in ast.walk(parsed(ROOT / "charlab" / "__init__.py")):
        if isinstance(node, ast.ImportFrom) and node.module != "importlib":
            for alias in node.names:
                told[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    assert told == {name: f"charlab.{where}" for name, where in charlab._WHERE.items()}
    assert sorted([*told, "__version__"]) == sorted(charlab.__all__)


def test_another_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="module 'charlab' has no attribute 'train_model'"):
        charlab.train_model  # noqa: B018
