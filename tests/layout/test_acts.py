"""Pages change runs and store texts only through functions that take an Actor, so that none gets past the core."""

import ast

import pytest

from helpers.project import parsed, python_files

# What changes a run or stores a text without asking who wants it: for the trainer, the queue and the command line.
UNASKED = {
    ("store", "create"), ("store", "delete"), ("catalogue", "store"), ("control", "raise_budget"),
    ("shutil", "rmtree"), ("formats", "import_model"), ("formats", "export"),
}  # fmt: skip
METHODS = {
    "ask", "append_event", "cut_events", "write_config", "write_status", "write_vocab", "write_weights",
    "write_bytes", "write_text", "unlink",
}  # fmt: skip
ACTORS = {"Actor", "OPERATOR", "OPERATOR_ROLE", "TEACHER", "THE_TEACHER"}
PAGES = python_files("pages")


def unasked(tree: ast.AST) -> list[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [call for call in calls if isinstance(call, ast.Attribute)]
    return [
        ast.unparse(call)
        for call in calls
        if call.attr in METHODS or (ast.unparse(call.value).split(".")[-1], call.attr) in UNASKED
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_changes_nothing_past_the_core(path):
    assert unasked(parsed(path)) == []


@pytest.mark.parametrize(
    "source",
    ["store.delete(run)", "run.write_config(config)", "run.ask('stop')", "charlab.runs.store.create(c, v)"],
)
def test_such_a_call_would_be_noticed(source):
    assert unasked(ast.parse(source)) == [source.partition("(")[0]]
    assert len(PAGES) > 30


def test_only_one_module_of_the_pages_says_who_acts():
    """No other one has the names for it, so that each act is that of the browser that asks for it."""
    makers = {
        path.stem
        for path in PAGES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom | ast.Attribute)
        and ACTORS & ({alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else {node.attr})
    }
    assert makers == {"browser_cookie"}
