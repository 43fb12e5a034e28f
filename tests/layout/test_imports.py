"""The import rule, read from the source: a package imports only from packages to its left.

Also which packages may import TensorFlow, Plotly and Streamlit, and that modules were found.
"""

import ast
from pathlib import Path

import pytest

from helpers.project import ROOT, parsed, python_files

ORDER = [
    "core",
    "corpora",
    "runs",
    "explain",
    "charts",
    "training",
    "export",
    "browser",
    "starters",
    "labs",
    "classroom",
    "cli",
]
FREE = {"errors", "files", "folders", "os_errors"}  # for everyone
AT_THE_TOP = {"__init__", "__main__"}
CHARLABS = ROOT / "charlab"
PROGRAMS = {CHARLABS / "export" / "script_parts", CHARLABS / "labs" / "programs"}  # read as text, never imported
PAGE_WIDGET = ROOT / "pages" / "parts" / "shared" / "chart.py"  # mounts a figure


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def package_of(path: Path) -> str:
    """charlab/runs/store.py -> runs, charlab/errors.py -> errors."""
    return path.relative_to(ROOT / "charlab").parts[0].removesuffix(".py")


def modules(folder: str) -> list[Path]:
    return [path for path in python_files(folder) if path.parent not in PROGRAMS]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


CHARLAB, PAGES = modules("charlab"), [*modules("pages"), ROOT / "streamlit_app.py"]


def test_every_package_has_its_place_in_the_order():
    folders = {path.parent.name for path in ROOT.glob("charlab/*/*.py")}
    files = {path.stem for path in ROOT.glob("charlab/*.py")}
    assert len(folders) > 5 and folders <= set(ORDER)
    assert files <= {*ORDER, *FREE, *AT_THE_TOP}


@pytest.mark.parametrize("path", CHARLAB, ids=name)
def test_a_module_imports_only_what_stands_before_it(path):
    here = package_of(path)
    if here in AT_THE_TOP:
        return
    allowed = FREE | {"__version__"} | (set(ORDER[: ORDER.index(here) + 1]) if here in ORDER else set())
    for dotted in imported(path):
        first, _, rest = dotted.partition(".")
        assert first != "pages", f"{name(path)} imports {dotted}"
        if first == "charlab" and rest:
            assert rest.split(".")[0] in allowed, f"{name(path)} imports {dotted}"


KERAS_OF_LABS = {"train.py", "keras_network.py", "stock.py", "speeds.py"}  # modules of a lab's folder


@pytest.mark.parametrize("path", CHARLAB, ids=name)
def test_each_library_has_its_modules(path):
    roots, here = {dotted.split(".")[0] for dotted in imported(path)}, package_of(path)
    assert "streamlit" not in roots
    assert "plotly" not in roots or here == "charts"
    trains = here == "training" or (here == "labs" and path.name in KERAS_OF_LABS)
    assert not roots & {"tensorflow", "keras"} or trains


@pytest.mark.parametrize("path", [path for path in CHARLAB if package_of(path) == "core"], ids=name)
def test_the_core_needs_numpy_and_the_standard_library(path):
    import sys

    roots = {dotted.split(".")[0] for dotted in imported(path)}
    assert roots <= {"numpy", "charlab"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_import_no_tensorflow_and_no_trainer(path):
    names = imported(path)
    roots = {dotted.split(".")[0] for dotted in names}
    assert not roots & {"tensorflow", "keras"}
    assert "plotly" not in roots or path == PAGE_WIDGET
    assert not [dotted for dotted in names if dotted.startswith("charlab.training")]


def test_no_module_says_what_it_knows_nothing_of():
    """What a module may import is said and checked here, so that no docstring promises more."""
    saying = [
        name(path) for path in [*CHARLAB, *PAGES] if "knows nothing" in path.read_text(encoding="utf-8").lower()
    ]
    assert not saying
