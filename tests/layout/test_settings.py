"""A setting is declared once: the page, the command line, the comparison and the script list what is declared."""

from dataclasses import dataclass

import pytest

from charlab.core import config
from charlab.core.config import GROUPS, KINDS, SETTINGS, ModelConfig, SampleConfig, Setting, TrainConfig, setting
from charlab.errors import ConfigError
from charlab.export import script
from charlab.runs import diagnosis, shell_commands
from charlab.runs.presets import PRESETS
from charlab.runs.store import RunConfig
from helpers.pages import open_page, open_popover
from pages.parts.shared import page_state

ALL = SETTINGS | config.settings(SampleConfig)
# Counted; two that a part of the program stands for; its own affair
NOT_IN_A_SCRIPT = {"order", "batches", "split", "accelerator"}


def run_config(**values) -> RunConfig:
    model = {name: value for name, value in values.items() if name in config.settings(ModelConfig)}
    train = {name: value for name, value in values.items() if name in config.settings(TrainConfig)}
    return RunConfig("A run", "custom", "markov", "0" * 64, ModelConfig(**model), TrainConfig(**train))


def another(name: str, declared: Setting):
    """An allowed value of a setting that is not its default."""
    if declared.choices:
        return next(choice for choice in declared.choices if choice != declared.default)
    if declared.value_type is bool:
        return not declared.default
    if declared.limits is None:
        return "another"
    least, most = declared.limits
    return declared.value_type(least if declared.default != least else min(least + 1, most))


@pytest.mark.parametrize("name", ALL)
def test_what_is_declared_can_be_shown_and_checked(name):
    declared = ALL[name]
    assert declared.label[0].isupper() and declared.help.endswith(".") and len(declared.help) < 90
    assert declared.kinds and set(declared.kinds) <= set(KINDS) and declared.group in ("", *GROUPS)
    if declared.value_type in (int, float, tuple):
        assert declared.limits and declared.limits[0] < declared.limits[1]
        assert declared.optional == (declared.default is None)
    else:
        assert declared.limits is None
    if declared.choices:
        assert declared.default in declared.choices


def test_a_setting_needs_its_declaration_alone():
    @dataclass(frozen=True)
    class Longer(TrainConfig):
        warmth: float | None = setting(None, "Warmth", "How warm it is.", 1, 2)

    declared = config.settings(Longer)["warmth"]
    assert (declared.label, declared.value_type, declared.optional) == ("Warmth", float, True)
    assert set(config.settings(Longer)) == {*config.settings(TrainConfig), "warmth"}
    assert Longer.from_json(Longer(warmth=2).to_json()).warmth == 2.0
    with pytest.raises(ConfigError, match="warmth must lie between 1 and 2. Received: 3"):
        Longer(warmth=3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_train_page_opens_every_setting_that_a_kind_uses(kind):
    app = open_popover(open_page("train", preset="custom", **{"custom.kind": kind}), "advanced")
    widgets = [*app.selectbox, *app.number_input, *app.checkbox]
    shown = {
        widget.key: (widget.label, widget.help) for widget in widgets if f"{widget.key}".startswith("custom.")
    }
    wanted = {f"custom.{name}" for name, d in SETTINGS.items() if d.group and kind in d.kinds} | {"custom.kind"}
    assert set(shown) == wanted
    for key, (label, help) in shown.items():
        declared = SETTINGS[key.removeprefix("custom.")]
        assert label == declared.label and help.startswith(declared.help)


@pytest.mark.parametrize("preset", PRESETS)
def test_links_hold_every_setting_that_the_train_page_opens(preset):
    rows = {key.removeprefix(f"{preset}.") for key in page_state.SETTINGS if key.startswith(f"{preset}.")}
    assert rows == {name for name, declared in SETTINGS.items() if declared.group} | {"kind"}


def test_the_command_line_lists_every_setting():
    listed = [line.split()[0] for line in shell_commands.settings_help().splitlines()[1:]]
    assert listed == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_runs_that_differ_in_a_setting_are_told_apart_by_it(name):
    declared = SETTINGS[name]
    kind = {} if name == "kind" else {"kind": declared.kinds[0]}
    rows = dict(diagnosis.differences([run_config(**kind), run_config(**{**kind, name: another(name, declared)})]))
    rows = rows if name != "minutes" else {title: rows[title] for title in rows if title != "Epochs"}
    assert list(rows) == ([declared.label] if declared.compared else [])
    for unused in set(KINDS) - set(declared.kinds):
        assert not diagnosis.differences(
            [run_config(kind=unused), run_config(kind=unused, **{name: another(name, declared)})]
        )


def test_a_script_has_every_setting():
    assert {*script._CONSTANTS, *NOT_IN_A_SCRIPT} == set(SETTINGS)  # noqa: SLF001 - the list itself
    for kind in config.TRAINED:
        source = script.standalone(run_config(kind=kind))
        for name in script._CONSTANTS:  # noqa: SLF001
            constant = script._CALLED.get(name, name).upper()  # noqa: SLF001
            assert (f"\n{constant} = " in source) == (kind in SETTINGS[name].kinds)
