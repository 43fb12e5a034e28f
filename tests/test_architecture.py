"""The rule of the house: who may import whom, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RANKS = [
    ["errors", "config", "disk", "presets"],
    ["symbols", "vocab", "grammars", "uploads", "downloads", "bundled", "corpora", "copying"],
    ["functions", "recurrent", "transformer", "networks", "ngrams", "sampling", "runs", "intake"],
    ["through_time", "gradients", "muon"],
    ["plan", "generate", "walking", "reading", "inside", "library", "batches", "models", "accelerators"],
    ["schedules", "checkpoints", "boards", "recorder", "learner", "session", "counting", "training"],
    ["control", "jobs", "worker", "forecast", "insight", "charts", "text_charts", "inside_charts", "pictures"],
    ["bundle", "script", "handout", "addresses", "export", "formats"],
    ["process", "shipped", "cli"],
]
ORDER = [module for rank in RANKS for module in rank]
TENSORFLOW = {"through_time", "gradients", "muon", "models", "accelerators", "learner", "export"}


def imports(path: Path) -> dict[str, bool]:
    """Module names that a file imports -> whether at its top (True) or inside a function (False)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name: id(node) in top for name in names}
    return found


def core_modules():
    return [path for path in sorted((ROOT / "charlab").glob("*.py")) if not path.stem.startswith("__")]


@pytest.mark.parametrize("path", core_modules(), ids=lambda path: path.stem)
def test_a_module_imports_only_what_stands_before_it(path):
    assert path.stem in ORDER, f"{path.name} has no place in the ranks of docs/architecture.md"
    for name, at_top in imports(path).items():
        if name.startswith("charlab."):
            other = name.split(".")[1]
            if other in ORDER and other != path.stem and at_top:
                assert ORDER.index(other) < ORDER.index(path.stem), f"{path.stem} imports {other}"


@pytest.mark.parametrize("path", core_modules(), ids=lambda path: path.stem)
def test_each_library_has_its_modules(path):
    roots = {name.split(".")[0] for name in imports(path)}
    assert "streamlit" not in roots
    assert "plotly" not in roots or path.stem in ("charts", "pictures")
    assert not roots & {"tensorflow", "keras"} or path.stem in TENSORFLOW


@pytest.mark.parametrize("path", sorted([*ROOT.glob("pages/**/*.py"), ROOT / "streamlit_app.py"]), ids=str)
def test_pages_import_no_tensorflow_and_no_trainer(path):
    names = set(imports(path))
    assert not {name.split(".")[0] for name in names} & {"tensorflow", "keras"}
    assert not names & {f"charlab.{module}" for module in TENSORFLOW}
