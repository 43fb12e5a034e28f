"""The engine's modules can be joined into one script, and fit in it."""

import gzip
import shutil
import subprocess
from collections import Counter

import pytest

from charlab.browser import engine
from helpers.javascript import check_joinable, declared_names

MODULES = sorted(engine.FOLDER.glob("*.js"))


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


def test_what_a_device_loads_to_train_is_small():
    assert len(gzip.compress(engine.script().encode() + engine.kernels(), mtime=0)) <= 20_000


@pytest.mark.parametrize("script", [engine.script, engine.whole_script])
def test_the_scripts_are_valid(script, tmp_path):
    (tmp_path / "script.js").write_text(script(), encoding="utf-8")
    assert "</script" not in script() and "<!--" not in script()  # which would end a page's element
    if not shutil.which("node"):
        pytest.skip("There is no Node.js here.")
    subprocess.run(["node", "--check", tmp_path / "script.js"], check=True, timeout=60)
