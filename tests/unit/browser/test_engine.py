"""The engine's modules can be joined into one script, and fit in it."""

import gzip
import os
import shutil
import subprocess
from collections import Counter

import pytest

from charlab.browser import engine
from helpers.javascript import check_joinable, declared_names

MODULES = sorted(engine.FOLDER.glob("*.js"))
SCRIPTS = [(engine.script, "training.js"), (engine.whole_script, "whole.js")]
MOST_BYTES = {"training.js": 20_000, "whole.js": 23_000}  # compressed, with the kernels


def test_no_two_modules_have_a_name_in_common():
    counted = Counter(name for path in MODULES for name in declared_names(path.read_text(encoding="utf-8")))
    assert len(counted) > 50
    assert not [name for name, number in counted.items() if number > 1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_as_simple_as_joining_needs(path):
    text = path.read_text(encoding="utf-8")
    check_joinable(text, r"\.")
    assert "document." not in text and "window." not in text, "it is for a worker"


def test_every_module_is_joined_once_and_after_what_it_imports():
    entry = engine.FOLDER / "page_worker.js"
    order = engine.modules(entry)
    assert set(order) == set(MODULES) - {engine.FOLDER / "bundle.js", engine.FOLDER / "sha256.js"}  # for pages
    assert len(order) == len(set(order)) and order[-1] == entry
    for path in order:
        assert all(order.index(imported) < order.index(path) for imported in engine.imports(path))


@pytest.mark.parametrize(("script", "name"), SCRIPTS)
def test_the_built_scripts_are_of_these_modules(script, name):
    built = (engine.BUILT / name).read_text(encoding="utf-8")
    assert script() == built, "Modules of the engine have changed: run `make engine`."
    assert len(gzip.compress(built.encode() + engine.kernels(), mtime=0)) <= MOST_BYTES[name]


def test_terser_builds_them_again(tmp_path):
    debian = os.environ | {"NODE_PATH": "/usr/share/nodejs"}
    if not shutil.which("terser"):
        pytest.skip("terser is not installed.")
    version = subprocess.run(["terser", "--version"], env=debian, capture_output=True, text=True).stdout.strip()
    if version != "terser 5.16.5":
        pytest.skip("The scripts were built by terser 5.16.5, and this is another one.")
    engine.build(tmp_path)
    for path in engine.BUILT.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("script", "name"), SCRIPTS)
def test_while_modules_are_newer_the_plain_script_is_sent(script, name, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BUILT", tmp_path)
    plain = script.__wrapped__()
    assert len(plain) > 1.5 * len(script()) and "class RecurrentTraining" in plain
    (tmp_path / name).write_text("// CharLab's engine (0123456789ab)\n", encoding="utf-8")
    assert script.__wrapped__() == plain


@pytest.mark.parametrize(("script", "name"), SCRIPTS)
def test_the_scripts_are_valid(script, name, tmp_path):
    (tmp_path / name).write_text(script(), encoding="utf-8")
    assert "</script" not in script() and "<!--" not in script()  # which would end a page's element
    if not shutil.which("node"):
        pytest.skip("There is no Node.js here.")
    subprocess.run(["node", "--check", tmp_path / name], check=True, timeout=60)
