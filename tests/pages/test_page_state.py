"""What pages keep: one key with one meaning, in every order of pages, whatever a link or an old session holds."""

from __future__ import annotations

import ast
import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from helpers.pages import PAGES, given, open_page
from helpers.project import python_files
from helpers.tiny import make_run
from pages.parts.shared import page_state, url_state
from pages.parts.shared.page_state import LINK_ONLY, NOT_ALLOWED, REMEMBERED, SETTINGS

SOURCES = python_files("pages")
VIEWS = page_state.choices("view")
# Contains each order of four pages as four neighbours, and returns to where it began.
EVERY_ORDER = "123412314231243121342132413214321"
FOREIGN = [None, -3, 10**9, 0.75, float("nan"), True, "nonsense", "", "x" * 6000, [], ["x", 1], object()]
STALE = [None, 10**9, 0.75, "nonsense", ["x", 1], object()]  # of each type one
FOREIGN_WORDS = ["", "nan", "-1e999", "1e999", "nonsense", "9" * 30, "-3", "x,y"]


def go_to(app: AppTest, page: str, **query: str) -> AppTest:
    app.switch_page(f"{page}.py")
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error, (page, app.exception, [error.value for error in app.error])
    return app


def run_with_epochs(kind: str = "gru"):
    run = make_run(kind, name=kind)
    run.write_weights(run.weights("last"), "epoch-001")
    run.write_weights(run.weights("best"), "epoch-002")
    return run


def test_the_pages_open_in_every_order_with_every_view_opened_before():
    run, other = run_with_epochs(), run_with_epochs("transformer")
    orders = {EVERY_ORDER[start : start + 4] for start in range(len(EVERY_ORDER))}
    assert {"".join(order) for order in itertools.permutations("1234")} <= orders
    app = open_page("home")
    for model, view in itertools.product((run, other), VIEWS):
        go_to(go_to(app, "home"), "explainer", model=model.id, view=view)
        assert (app.session_state.model, app.session_state.view) == (model.id, view)
    views, modes = itertools.cycle(VIEWS), itertools.cycle(page_state.choices("mode"))
    for number in EVERY_ORDER:
        app.session_state["view"], app.session_state["mode"] = next(views), next(modes)
        go_to(app, PAGES[int(number) - 1])


@pytest.mark.parametrize("first", ["train", "explainer"])
def test_a_loss_unit_and_a_hidden_unit_do_not_meet(first):
    run = run_with_epochs()
    app = open_page("home")
    for _ in range(2):
        for page in sorted(("train", "explainer"), key=lambda page: page != first):
            go_to(app, page, **({"model": run.id, "view": "inside"} if page == "explainer" else {}))
            if page == "train":
                assert app.session_state.loss_unit == app.query_params["unit"] == "bits"
            else:
                assert app.session_state.unit == app.query_params["unit"] != "bits"
    go_to(app, "train", unit="nats")  # a link made before
    assert app.session_state.loss_unit == "nats"


@pytest.mark.parametrize("order", [("playground", "explainer"), ("explainer", "playground")])
def test_each_page_begins_at_its_own_temperature_and_keeps_it(order):
    make_run()
    app = open_page("home")
    begins = {"playground": 0.8, "explainer": 1.0}
    for page in order:
        go_to(app, page)
        assert app.session_state[f"{page}.temperature"] == begins[page]
    go_to(app, "explainer", temperature="1.5", view="write with it")
    assert given(app, "walk_view")["place"]["temperature"] == 1.5
    go_to(app, "playground")
    assert app.slider(key="playground.temperature").value == 0.8


def keys_of(page: str) -> list[str]:
    return [key for key, setting in SETTINGS.items() if page in setting.pages]


def flooded(page: str) -> list[str]:
    """All keys except those that may contradict each other, which the page reports in a sentence."""
    return [key for key in keys_of(page) if key.rpartition(".")[2] not in ("layers", "heads", "units")]


@pytest.fixture
def read_keys(monkeypatch) -> set[str]:
    """The keys that pages read, as they do."""
    found, read = set(), url_state.read

    def noting(key, **given):
        found.add(key)
        read(key, **given)

    monkeypatch.setattr(url_state, "read", noting)
    return found


def visits() -> list[tuple[str, dict]]:
    """Pages with settings under which they show everything, never the same page twice in a row."""
    recurrent, transformer = run_with_epochs(), run_with_epochs("transformer")
    whole = [{"model": recurrent.id, "view": view, "text": "the fox. " * 9} for view in VIEWS]
    explained = [{}, *whole, {"model": transformer.id, "view": "inside", "text": "the fox"}]
    others = [
        ("train", {}),
        ("playground", {"mode": "samples"}),
        ("train", {"preset": "custom", "budget.custom": "minutes"}),
        ("playground", {"mode": "temperature sweep", "temperatures": "1"}),
        ("train", {"preset": "mini-gpt", "budget.mini-gpt": "epochs"}),
        ("playground", {"mode": "side by side"}),
    ]
    labs = [("labs", {"string": "BPBT"}), ("home", {}), ("labs", {"lab": "dates", "date": "May 01, 2020"})]
    labs += [("home", {}), ("labs", {"lab": "sentiment", "review": "a dull film", "word": "dull"})]
    pairs = zip((("explainer", kept) for kept in explained), others, strict=True)
    return [*(visit for pair in pairs for visit in pair), *labs]


@pytest.mark.parametrize("values", [STALE[:2], pytest.param(STALE[2:], marks=pytest.mark.slow)])
def test_nothing_that_is_not_allowed_reaches_a_page_from_an_older_session(values, read_keys, monkeypatch):
    from pages.parts.shared import browser_cookie

    monkeypatch.setattr(browser_cookie, "owner", lambda: "")
    shown, app = visits(), open_page("home")
    for value, (page, kept) in itertools.product(values, shown):
        for key in flooded(page):
            app.session_state[key] = value
        for key, wanted in kept.items():
            app.session_state[key] = wanted
        read_keys.clear()
        go_to(app, page)
        assert read_keys
        for key in read_keys:
            assert isinstance(app.session_state[key], SETTINGS[key].type), (key, value)


@pytest.mark.parametrize("foreign", [FOREIGN_WORDS[:3], pytest.param(FOREIGN_WORDS[3:], marks=pytest.mark.slow)])
def test_nothing_that_is_not_allowed_reaches_a_page_from_a_link(foreign, read_keys):
    shown = visits()
    for words in foreign:
        app = open_page("home")
        for page, kept in shown:
            names = {page_state.parameter(key) for key in flooded(page)} - {None}
            wanted = {page_state.parameter(key): value for key, value in kept.items()}
            go_to(app, page, **(dict.fromkeys(names, words) | wanted))
    assert {key for key in SETTINGS if "." not in key} - read_keys == {"whose", "model_whose"}


@pytest.mark.parametrize("key", SETTINGS)
def test_every_row_lets_its_own_values_through_and_no_others(key):
    setting = page_state.row(key)
    if (default := setting.default) is not None:
        assert page_state.allowed(setting, default) == default
        if setting.parse is None and setting.type is not list:
            assert page_state.parsed(setting, str(default)) == default
    for value in [*FOREIGN, *(page_state.parsed(setting, words) for words in FOREIGN_WORDS)]:
        kept = page_state.allowed(setting, value)
        if kept is NOT_ALLOWED:
            continue
        assert type(kept) is setting.type
        if setting.choices is not None and setting.type is not list:
            assert kept in setting.choices
        elif setting.limits is not None:
            size = kept if setting.type in (int, float) else len(kept)
            assert setting.limits[0] <= size <= setting.limits[1]


@pytest.mark.parametrize(
    "key, value, kept",
    [
        ("playground.temperature", 99, 2.0),
        ("playground.temperature", 1, 1.0),
        ("samples", -5, 1),
        ("samples", 2.5, NOT_ALLOWED),
        ("samples", True, NOT_ALLOWED),
        ("playground.temperature", "1", NOT_ALLOWED),
        ("compare", 1, NOT_ALLOWED),
        ("playground.temperature", float("nan"), NOT_ALLOWED),
        ("playground.temperature", float("inf"), 2.0),
        ("loss_unit", "layer_0/hidden:3", NOT_ALLOWED),
        ("loss_unit", None, NOT_ALLOWED),
        ("text", "x" * 6000, "x" * 5000),
        ("beside", ["a", 1, None], ["a"]),
    ],
)
def test_numbers_are_brought_within_their_limits_and_what_is_none_is_refused(key, value, kept):
    assert page_state.allowed(SETTINGS[key], value) == kept


def test_an_undeclared_key_is_refused_and_so_is_what_a_row_already_says():
    for call in (
        lambda: url_state.read("nobody"),
        lambda: url_state.write({"nobody": 1}),
        lambda: url_state.opened("nobody"),
    ):
        with pytest.raises(KeyError, match="not declared"):
            call()
    with pytest.raises(TypeError, match="choices"):
        url_state.read("corpus")
    with pytest.raises(TypeError, match="limits"):
        url_state.read("samples", limits=(1, 2))


@pytest.mark.parametrize("page", PAGES)
def test_no_two_settings_of_a_page_have_one_name_in_its_links(page):
    names = [name for key in keys_of(page) if (name := page_state.parameter(key)) is not None]
    names += [name for name, where in LINK_ONLY.items() if where == page]
    assert len(names) == len(set(names))


# The sources: every session key and link parameter they use is in the table.

WITH_VALUE = {
    "checkbox", "choose_owner", "file_uploader", "multiselect", "number_input", "pills", "radio",
    "segmented_control", "select", "select_slider", "selectbox", "slider", "text_area", "text_input", "toggle",
}  # fmt: skip
METHODS = {"get", "pop", "setdefault"}


class Keys(ast.NodeVisitor):
    """Session keys, link parameters and widgets of one module. A star replaces what is filled in."""

    def __init__(self, source: str) -> None:
        self.kept: set[str] = set()  # in the session, by name or through a widget
        self.persistent: set[str] = set()
        self.parameters: set[str] = set()
        self.widgets: set[str] = set()  # buttons, charts and whatever else has a key and no value
        tree = ast.parse(source)
        self.state = {"st.session_state"} | {
            name for node in ast.walk(tree) for name, value in _assigned(node) if _is_session(value)
        }
        self.texts = {name: _text(value) for node in ast.walk(tree) for name, value in _assigned(node)}
        self.visit(tree)
        self.kept.discard("")

    def is_state(self, node: ast.expr) -> bool:
        return ast.unparse(node) in self.state

    def text(self, node: ast.expr) -> str:
        """The parts of a key; empty where a table or a caller supplies it."""
        if isinstance(node, ast.Name):
            return self.texts.get(node.id, "")
        return _text(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if self.is_state(node.value) and node.attr not in METHODS:
            self.kept.add(node.attr)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if self.is_state(node.value):
            self.kept.add(self.text(node.slice))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for where, found in ((self.is_state, self.kept), (_is_query, self.parameters)):
            if isinstance(node.ops[0], ast.In | ast.NotIn) and where(node.comparators[0]):
                found.add(self.text(node.left))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "query":
            self.parameters |= _keys(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and name in METHODS and node.args:
            for where, found in ((self.is_state, self.kept), (_is_query, self.parameters)):
                if where(node.func.value):
                    found.add(self.text(node.args[0]))
        words = {keyword.arg: keyword.value for keyword in node.keywords}
        if ast.unparse(node.func).startswith("settings_fold.") and node.args:
            self.kept |= {self.text(argument) for argument in node.args}
        if "key" in words:
            key = self.text(words["key"])
            (self.kept if name in WITH_VALUE else self.widgets).add(key)
            if "persist_state" in words:
                self.persistent.add(key)
        if "query_params" in words:
            self.parameters |= _keys(words["query_params"])
        self.generic_visit(node)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        text = "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)
        return "" if text.startswith("*") else text
    return ""


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and what an assignment gives them."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def _is_session(node: ast.expr) -> bool:
    return ast.unparse(node) == "st.session_state"


def _is_query(node: ast.expr) -> bool:
    return ast.unparse(node) == "st.query_params"


def _keys(node: ast.expr) -> set[str]:
    return {_text(key) for key in node.keys if key is not None} if isinstance(node, ast.Dict) else set()


def keys_in(path: Path) -> Keys:
    return Keys(path.read_text(encoding="utf-8"))


PRESET_KEYS = {"budget.*", "epochs.*"}
KEEPS_ITS_OWN = {"url_state.py", "stable_selectbox.py"}  # under names of their own, made from those of the table


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.name not in KEEPS_ITS_OWN], ids=lambda p: p.stem
)
def test_what_a_module_keeps_or_says_in_links_is_declared(path):
    found = keys_in(path)
    explainer = {key for key in found.kept if key == "explainer.*"}  # the three of the bars, by their last words
    assert found.kept - explainer <= {*SETTINGS, *REMEMBERED, *PRESET_KEYS}
    assert found.persistent <= {*SETTINGS, *PRESET_KEYS, ""}
    assert found.parameters <= {page_state.parameter(key) for key in [*SETTINGS, *LINK_ONLY]}


def test_what_is_declared_is_used_and_every_other_key_stands_in_one_module():
    assert len(SOURCES) > 30
    kept, places = set(), defaultdict(set)
    for path in SOURCES:
        found = keys_in(path)
        kept |= found.kept
        for key in found.widgets - {""}:
            places[key].add(path.stem)
    assert set(REMEMBERED) <= kept
    assert len(places) > 20 and not set(places) & {*SETTINGS, *REMEMBERED}
    assert {key: modules for key, modules in places.items() if len(modules) > 1} == {}


@pytest.mark.parametrize(
    "source",
    [
        "st.session_state.nobody = 1",
        "x = st.session_state['nobody']",
        "st.session_state.get('nobody')",
        "'nobody' in st.session_state",
        "NAME = 'nobody'\nst.session_state.pop(NAME)",
        "state = st.session_state\nstate.nobody",
        "st.slider('x', key='nobody')",
        "st.toggle('x', key=f'nobody-{x}')",
        "settings_fold.box('nobody', summary)",
    ],
)
def test_an_undeclared_key_would_be_noticed(source):
    (key,) = Keys(source).kept
    assert key.startswith("nobody") and key not in {*SETTINGS, *REMEMBERED}
