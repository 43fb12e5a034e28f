"""What depends on a model's kind is asked of the kind's record: no other module compares a kind with a name."""

import ast

import pytest

from charlab.core import kinds
from charlab.core.config import KINDS, TRAINED, ModelConfig
from charlab.export import script
from helpers.project import ROOT, parsed, python_files

RECORDS = {"charlab/core/config.py", "charlab/core/kinds.py"}
TABLES = RECORDS | {
    "charlab/core/recurrent.py",
    "charlab/export/script.py",
    "charlab/training/export_keras.py",
    "charlab/training/keras_networks.py",
}
SCRIPT_PARTS = "charlab/export/script_parts/"  # of the exported program, which has no records
NAMES_OF_KINDS = {"KINDS", "RECURRENT", "TRANSFORMER", "NGRAM", "TRAINED"}
# The n-gram model's name is also that of a preset and of a built-in model: their tables are no tables of kinds.
KEYS = set(KINDS) - {"ngram"}
MODULES = {path.relative_to(ROOT).as_posix(): path for path in python_files("charlab", "pages")}
LOOKED_AT = [name for name in MODULES if name not in RECORDS and not name.startswith(SCRIPT_PARTS)]


def names_a_kind(node: ast.AST) -> bool:
    """Whether a kind's name, or a tuple of them by its own name, stands in an expression."""
    parts = list(ast.walk(node))
    named = any(isinstance(part, ast.Name) and part.id in NAMES_OF_KINDS for part in parts)
    return named or any(isinstance(part, ast.Constant) and part.value in KINDS for part in parts)


def comparisons(tree: ast.AST) -> list[int]:
    """The lines in which a kind's name is compared, matched, or chooses from a table made on the spot."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and names_a_kind(node):
            found.append(node.lineno)
        elif isinstance(node, ast.MatchValue) and names_a_kind(node.value):
            found.append(node.value.lineno)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.value, ast.Dict):
            found += [node.lineno] if any(map(names_a_kind, filter(None, node.value.keys))) else []
    return found


def tables(tree: ast.AST) -> list[int]:
    """The lines of tables whose keys are kinds."""
    keys = [(node, key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return [node.lineno for node, key in keys if isinstance(key, ast.Constant) and key.value in KEYS]


@pytest.mark.parametrize(
    "source",
    [
        "model.kind == 'ngram'",
        "'gru' != config.model.kind",
        "model.kind in RECURRENT",
        "kind not in ('gru', 'lstm')",
        "{'gru': 3, 'lstm': 4}[model.kind]",
        "{'gru': 3}.get(model.kind, 4)",
        "match model.kind:\n    case 'transformer':\n        pass",
    ],
)
def test_each_way_to_compare_is_found(source):
    assert comparisons(ast.parse(source))


def test_the_modules_were_found():
    assert len(LOOKED_AT) > 90 and RECORDS <= set(MODULES) and set(MODULES) >= TABLES
    assert {"charlab/runs/diagnosis.py", "charlab/training/learner.py", "pages/train.py"} <= set(LOOKED_AT)
    assert tables(parsed(MODULES["charlab/training/keras_networks.py"]))


@pytest.mark.parametrize("name", LOOKED_AT)
def test_no_module_compares_kinds(name):
    assert comparisons(parsed(MODULES[name])) == [], f"{name} compares a kind with a name: ask its record"


@pytest.mark.parametrize("name", [name for name in LOOKED_AT if name not in TABLES])
def test_tables_of_kinds_stand_where_they_are_looked_for(name):
    assert tables(parsed(MODULES[name])) == [], f"{name} has a table of kinds: put it into the kinds' records"


def test_every_kind_has_its_records():
    assert list(kinds.RECORDS) == list(KINDS)
    assert [name for name, kind in kinds.RECORDS.items() if kind.trained] == list(TRAINED)
    assert list(script._NETWORKS) == list(TRAINED)  # noqa: SLF001 - the table itself
    assert all(
        kind.name == name and kinds.of(ModelConfig(kind=name)) is kind for name, kind in kinds.RECORDS.items()
    )


def test_every_network_has_its_keras_twin_and_its_exports():
    from charlab.training import export_keras, keras_networks

    assert list(keras_networks.TWINS) == list(export_keras._EXPORTS) == list(TRAINED)  # noqa: SLF001 - the table itself


@pytest.mark.parametrize(
    ("model", "title", "size", "context"),
    [
        (ModelConfig(kind="gru", units=64), "GRU", "64 units", None),
        (ModelConfig(kind="lstm", units=32), "LSTM", "32 units", None),
        (ModelConfig(kind="transformer", units=32, context=48), "Transformer", "32 units", 48),
        (ModelConfig(kind="ngram", order=5), "n-gram model", "order 5", 4),
    ],
)
def test_a_record_tells_title_size_and_context(model, title, size, context):
    kind = kinds.of(model)
    assert (kind.title, kind.size(model), kind.context(model)) == (title, size, context)
