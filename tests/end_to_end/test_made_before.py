"""Runs, model files and links made by version 0.1.0 can be read and give the same results."""

import json
import shutil

import pytest

from charlab import cli
from helpers.pages import given, open_page, open_popover
from helpers.project import ROOT
from helpers.slow_tests import one_in

MADE = ROOT / "tests" / "data" / "made_by_0.1.0"  # its README.md tells how
EXPECTED = json.loads((MADE / "expected.json").read_text(encoding="utf-8"))
LINKS = json.loads((MADE / "links.json").read_text(encoding="utf-8"))
NO_WIDGETS = ("step", "layer", "head")  # chosen in the text, and by buttons
MOVED_BY = {"read": "bars", "write with it": "walk_view"}  # view -> the component that moves settings itself


@pytest.fixture(autouse=True)
def old_runs(own_folders, tmp_path):
    """The runs in the runs folder, as a server of 0.1.0 left them."""
    shutil.copytree(MADE / "runs", tmp_path / "runs")


@pytest.fixture
def said(capsys):
    """The document of a command."""

    def run(*arguments):
        assert cli.main([*arguments, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out.strip().split("\n")[-1])  # a text may hold other line ends

    return run


def assert_the_same(found, expected, place="", **tolerance):
    """Documents are equal, except for a tolerance on numbers that are not integers."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and found.keys() == expected.keys(), place
        for key, value in expected.items():
            assert_the_same(found[key], value, f"{place}/{key}", **tolerance)
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), place
        for number, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            assert_the_same(ours, theirs, f"{place}/{number}", **tolerance)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, **tolerance), place
    else:
        assert found == expected, place


def assert_says_the_same(said, model, expected):
    settings = ("--length", "120", "--samples", "2", "--temperature", "0.8", "--seed", "5")
    written = said("generate", model, *settings)
    assert {key: written[key] for key in expected["generate"]} == expected["generate"]
    explained = said("explain", model, "--text", expected["text"], "--top", "5")
    assert_the_same(known(explained, expected["explain"]), expected["explain"], rel=0, abs=1e-6)


def known(found, expected):
    """The part of a document that it had before: later versions may say more."""
    return {key: found[key] for key in expected}


def test_a_changed_figure_would_be_noticed():
    with pytest.raises(AssertionError):
        assert_the_same({"top": [["e", 0.250002]]}, {"top": [["e", 0.25]]}, rel=0, abs=1e-6)
    with pytest.raises(AssertionError):
        assert_the_same({"top": [["e", 0.25]]}, {"top": [["e", 0.25], ["a", 0.1]]}, rel=0, abs=1e-6)


def test_old_runs_are_listed_with_their_figures(said):
    found = [row for row in said("models") if row["where"] == "run"]
    expected = EXPECTED["models"]
    assert_the_same([known(*rows) for rows in zip(found, expected, strict=True)], expected, rel=1e-12)


@pytest.mark.parametrize("name", EXPECTED["runs"])
def test_an_old_run_writes_and_expects_what_it_did(said, name):
    assert_says_the_same(said, name, EXPECTED["runs"][name])


def test_the_weights_of_an_old_runs_epochs_are_read(said):
    name = next(name for name in EXPECTED["runs"] if name.endswith("-tiny-gru"))
    found = said("explain", name, "--text", "12+34=46\n7?", "--weights", "epoch-000")
    expected = EXPECTED["epoch-000 of tiny-gru"]
    assert_the_same(known(found, expected), expected, rel=0, abs=1e-6)


@pytest.mark.parametrize("name", EXPECTED["bundles"])
def test_an_old_bundle_is_imported_and_writes_and_expects_what_it_did(said, name):
    imported = said("import", str(MADE / name))
    assert_says_the_same(said, imported["run"], EXPECTED["bundles"][name])


@pytest.mark.parametrize("name", one_in(2, EXPECTED["resumed"]))
def test_an_old_run_that_was_paused_goes_on_to_its_end(said, name):
    """Losses agree to a hundredth: the compiler that XLA_FLAGS asks of tests rounds otherwise, and it adds up."""
    expected = EXPECTED["resumed"][name]
    found = known(said("resume", name), expected)
    for key in ("run", "epochs", "steps"):
        assert found[key] == expected[key]
    for key in ("train_loss", "val_loss", "best_val_loss"):
        assert found[key] == pytest.approx(expected[key], rel=0.01)
    (row,) = [row for row in said("models") if row["name"] == name]
    assert row["state"] == "done" and row["val_loss"] == found["best_val_loss"]


@pytest.mark.parametrize("made", LINKS, ids=[f"{number} {made['page']}" for number, made in enumerate(LINKS)])
def test_an_old_link_opens_its_page_with_its_settings(made):
    link = made["link"]
    app = open_page(made["page"], **link, means_nothing="1")
    assert not app.exception and not app.error
    # The page writes all that it was set to into its address, and nothing else: what it did not take is gone.
    address = {key: value[0] if isinstance(value, list) else value for key, value in app.query_params.items()}
    assert address == link
    if made["page"] == "train":
        open_popover(app, "advanced")
    shown = {_as_in_a_link(widget.value) for widget in _widgets(app)}
    if made["page"] == "explainer" and (component := MOVED_BY.get(link.get("view", "read"))):
        shown |= {_as_in_a_link(value) for value in given(app, component)["place"].values()}
    for key, value in link.items():
        if _is_number(value) and key not in (*NO_WIDGETS, "write"):
            assert _as_in_a_link(float(value)) in shown, key
    if made["page"] == "playground":
        # The weights are those that the link was made with; a prompt that they cannot read is said, now.
        assert not any("since this link was made" in warning.value for warning in app.warning)
        written = [element.value for element in app.code][: len(made["written"])]
        assert written == made["written"]


def _widgets(app):
    kinds = ("slider", "select_slider", "number_input", "text_input", "text_area", "selectbox", "checkbox")
    return [widget for kind in kinds for widget in app.get(kind)]


def _is_number(value):
    return value.replace(".", "", 1).isdigit()


def _as_in_a_link(value):
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
