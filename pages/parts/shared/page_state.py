"""Every setting that a page keeps in its session and its link: a table with the values that are allowed.

A key has one meaning. It belongs to the pages named in its row, and has its own name in their links, or that of
`parameter` where two pages' links use the same word. `url_state.read` and `url_state.write` use this table alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from charlab.core import config
from charlab.core.config import ACCELERATORS
from charlab.corpora import catalogue
from charlab.errors import ConfigError
from charlab.runs.presets import PRESETS, Preset
from charlab.runs.typed_values import parse_number, parse_whole_number

HOME, TRAIN, PLAYGROUND, EXPLAINER, LABS = "home", "train", "playground", "explainer", "labs"
AT_CALL = object()  # depends on what is available, such as the models: passed to `url_state.read`
NOT_ALLOWED = object()
MINE, EVERYONES = "mine", "everyone's"


@dataclass(frozen=True)
class Setting:
    """The values that one key may have. `limits` are the minimum and maximum of a number, of the characters of a
    text or of the names in a list. `parameter` is None for a setting that is in no link."""

    pages: tuple[str, ...]
    type: type
    default: Any
    limits: Any = None
    choices: Any = None
    parameter: str | None = ""  # "" is the key itself
    parse: Callable[[str], Any] | None = None


def _of(*pages: str) -> Callable[..., Setting]:
    return lambda *columns, **more: Setting(pages, *columns, **more)


_labs = _of(LABS)
_train, _playground, _explainer, _both = _of(TRAIN), _of(PLAYGROUND), _of(EXPLAINER), _of(PLAYGROUND, EXPLAINER)
_all = _of(HOME, TRAIN, PLAYGROUND, EXPLAINER, LABS)
_SEEDS = (0, 2**31 - 1)


def _listed(in_link: str) -> str:
    """Numbers of a link as they are typed. The page writes "0,0.5,1": only where something else separates them, a
    person wrote the link, and a comma may be a decimal one."""
    return in_link if re.search(r"[;\s]", in_link.strip()) else in_link.replace(",", ", ")


def _number(in_link: str) -> float:
    return parse_number(in_link, "This")


def _top_p(in_link: str) -> float:
    return _number(in_link) or 1.0  # both are off


SETTINGS: dict[str, Setting] = {
    # key: page(type, default, limits or choices, name in links)
    "present": _all(bool, False, parse=lambda in_link: in_link == "1"),

    "corpus": _train(str, catalogue.DEFAULT, choices=AT_CALL),
    "preset": _train(str, "quick-gru", choices=PRESETS),
    "accelerator": _train(str, AT_CALL, choices=ACCELERATORS),
    "minutes": _train(float, 1.0, limits=(0.5, 60.0)),
    "run": _train(str, AT_CALL, choices=AT_CALL),
    "whose": _train(str, MINE, choices=(MINE, EVERYONES), parameter=None),
    "others": _train(list, [], limits=(0, 4), choices=AT_CALL),
    "loss_unit": _train(str, "bits", choices=("bits", "nats", "accuracy"), parameter="unit"),
    "over": _train(str, "epochs", choices=("epochs", "steps", "seconds")),

    "model": _both(str, AT_CALL, choices=AT_CALL),
    "model_whose": _both(str, MINE, choices=(MINE, EVERYONES), parameter=None),

    "mode": _playground(str, "samples", choices=("samples", "temperature sweep", "side by side")),
    "beside": _playground(list, AT_CALL),
    "seed_text": _playground(str, AT_CALL, limits=(0, 3000)),  # with the longest sample it fits into "text"
    "playground.temperature": _playground(float, 0.8, limits=(0.0, 2.0), parameter="temperature"),
    "temperatures": _playground(str, "0.2, 0.5, 0.8, 1.0, 1.3, 1.6", limits=(0, 200), parse=_listed),
    "samples": _playground(int, 3, limits=(1, 16)),
    "length": _playground(int, 300, limits=(10, 2000)),
    "playground.top_k": _playground(int, 0, limits=(0, 512), parameter="top_k"),
    "playground.top_p": _playground(float, 1.0, limits=(0.05, 1.0), parameter="top_p", parse=_top_p),
    "playground.seed": _playground(int, 1, limits=_SEEDS, parameter="seed"),
    "shade": _playground(str, "nothing", choices=("nothing", "surprise", "probability", "copied")),
    "playground.accents": _playground(bool, True, parameter="accents"),
    "compare": _playground(bool, True, parameter=None),

    "other": _explainer(str, "", choices=AT_CALL),
    "text": _explainer(str, "To be, or not to be: that is the question.\n", limits=(0, 5000)),
    "explainer.accents": _explainer(bool, True, parameter="accents"),
    "step": _explainer(int, AT_CALL, limits=AT_CALL),
    "colour": _explainer(str, "surprise", choices=AT_CALL),
    "view": _explainer(str, "read", choices=("read", "write with it", "inside", "over training")),
    "explainer.temperature": _explainer(float, 1.0, limits=(0.0, 2.0), parameter="temperature"),
    "explainer.top_k": _explainer(int, 0, limits=(0, 512), parameter="top_k"),
    "explainer.top_p": _explainer(float, 1.0, limits=(0.05, 1.0), parameter="top_p", parse=_top_p),
    "explainer.seed": _explainer(int, 1, limits=_SEEDS, parameter="seed"),
    "walk": _explainer(str, ""),
    "unit": _explainer(str, ""),
    "feature": _explainer(str, AT_CALL, choices=AT_CALL),
    "layer": _explainer(int, 1, limits=AT_CALL),
    "head": _explainer(int, 1, limits=AT_CALL),
    "epoch": _explainer(int, AT_CALL, choices=AT_CALL),

    "lab": _labs(str, "reber", choices=AT_CALL),
    "lab_view": _labs(str, "try", choices=AT_CALL, parameter="view"),
    "lab_run": _labs(str, "", choices=AT_CALL, parameter="run"),
    "string": _labs(str, "BPBTSXXVPSEPE", limits=(0, 200)),
    "date": _labs(str, "April 22, 2019", limits=(0, 40)),
    "beam_date": _labs(str, "December 08, 5747", limits=(0, 40)),
    "beam_run": _labs(str, "half-trained", choices=AT_CALL),
    "beam_width": _labs(int, 5, limits=(1, 10), parameter="width"),
    "lab_temperature": _labs(float, 3.0, limits=(0.0, 8.0), parameter="temperature"),
    "review": _labs(str, "a great idea, but the film is boring", limits=(0, 1000)),
    "word": _labs(str, "boring", limits=(0, 40)),
    "lab_random": _labs(int, 1, limits=_SEEDS, parameter="seed"),
}  # fmt: skip

# Link parameters that are not settings.
LINK_ONLY = {
    "digest": PLAYGROUND,  # of the weights that generated the text
    "write": PLAYGROUND,  # generate as soon as the link is opened
}

# Other session keys of the pages, in no link. A star is for the id of a run or an uploaded file.
REMEMBERED = {
    "example_place": HOME, "example_paused": HOME,
    "pasted": TRAIN, "own_text_said": TRAIN, "own_text_problem": TRAIN,
    "own_text_asked": TRAIN, "own_text_name": TRAIN,
    "start_problem": TRAIN, "stand_in_chosen": TRAIN, "stand_in_said": TRAIN, "new_run": TRAIN,
    "for_new_run": TRAIN, "device_secrets": TRAIN, "device_left": TRAIN,
    "encoding.*": TRAIN, "normalise": TRAIN, "remove_licence": TRAIN,
    "upload": TRAIN, "bundle_upload": TRAIN, "more-*": TRAIN,
    "name-*": TRAIN, "asked_in_vain": TRAIN,
    "exporting_said": TRAIN, "exporting_problem": TRAIN, "exporting_made": TRAIN,
    "written": PLAYGROUND, "writing": PLAYGROUND, "history": PLAYGROUND, "explain_place": PLAYGROUND,
    "playground_settings": PLAYGROUND, "text_and_model": EXPLAINER,
    "digests_of_link": PLAYGROUND, "seed_text_of": PLAYGROUND, "seed_text_given": PLAYGROUND,
    "opened_popovers": TRAIN,
    "seen_titles": TRAIN, "gone_choices": TRAIN,  # and on the other pages with a picker of models
    "handed_over": EXPLAINER, "walk_session": EXPLAINER,
    "unit.array": EXPLAINER, "unit.number": EXPLAINER,
    "lab_trained.*": LABS, "lab_epochs.*": LABS, "lab_seed": LABS,
    "string_place": LABS, "lab_version": LABS, "lab_both_ways": LABS, "speeds": LABS,
    "gpt2_told": PLAYGROUND, "gpt2_allowed": HOME,  # on every page with a picker of models, and in the header
    "review_place": LABS, "lab_network": LABS, "lab_labels": LABS, "lab_masked": LABS, "lab_pretrained": LABS,
}  # fmt: skip


def find(key: str, **given: Any) -> Setting:
    """A key's row, completed by the caller. Raises for an unknown key or the wrong arguments."""
    if key not in SETTINGS:
        raise KeyError(f"The setting {key!r} is not declared: give it a row in pages/parts/shared/page_state.py.")
    setting = SETTINGS[key]
    wanted = _at_call(setting)
    if set(given) != set(wanted):
        raise TypeError(f"The setting {key!r} takes {sorted(wanted)} at the call. Received: {sorted(given)}.")
    return replace(setting, **given) if given else setting


def row(key: str) -> Setting:
    """A key's row without the caller's part: that is None."""
    setting = SETTINGS[key]
    unknown = _at_call(setting)
    return replace(setting, **dict.fromkeys(unknown)) if unknown else setting


def _at_call(setting: Setting) -> list[str]:
    """What is left to the call."""
    return [name for name in ("default", "choices", "limits") if getattr(setting, name) is AT_CALL]


def parameter(key: str) -> str | None:
    """A key's name in links; None where no link has it."""
    if key in LINK_ONLY:
        return key
    if key not in SETTINGS:
        find(key)
    name = SETTINGS[key].parameter
    return key if name == "" else name


def choices(key: str) -> Collection[Any]:
    """The allowed choices, for a widget."""
    return SETTINGS[key].choices


def limits(key: str) -> tuple[Any, Any]:
    """Minimum and maximum, for a widget."""
    return SETTINGS[key].limits


def parsed(setting: Setting, in_link: str) -> Any:
    """A link's text as an allowed value, or NOT_ALLOWED."""
    try:
        return allowed(setting, (setting.parse or _PARSERS[setting.type])(in_link))
    except ConfigError:
        return NOT_ALLOWED


def allowed(setting: Setting, value: Any) -> Any:
    """The value where it is allowed, numbers, texts and lists within their limits; else NOT_ALLOWED."""
    value = _typed(setting.type, value)
    if value is NOT_ALLOWED:
        return value
    if setting.type is list:
        return _names(setting, value)
    if setting.choices is not None:
        return value if value in setting.choices else NOT_ALLOWED
    if setting.limits is None:
        return value
    least, most = setting.limits
    return value[:most] if setting.type is str else min(max(value, least), most)


def _typed(wanted: type, value: Any) -> Any:
    """A value of the wanted type; an integer is accepted as a float, True and NaN never are."""
    if wanted is float and type(value) is int and abs(value) < 1e300:
        value = float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)) or value != value:
        return NOT_ALLOWED
    return value


def _names(setting: Setting, value: list) -> list[str]:
    names = [
        name for name in value if isinstance(name, str) and (setting.choices is None or name in setting.choices)
    ]
    names = names[: setting.limits[1]] if setting.limits else names
    return value if names == value else names


_PARSERS: dict[type, Callable[[str], Any]] = {
    int: lambda text: parse_whole_number(text, "This"),
    float: _number,
    str: str,
    bool: lambda text: text == "True",
    list: lambda text: text.split(","),
}


# The settings of each preset: how long it trains, and every one that the Train page opens.


def _of_preset(preset: Preset) -> dict[str, Setting]:
    length = "minutes" if preset.name == "quick-gru" else "epochs"
    values = preset.model.to_json() | preset.train.to_json()
    opened = {name: declared for name, declared in config.SETTINGS.items() if declared.group or name == "kind"}
    return {
        f"budget.{preset.name}": _train(str, length, choices=("epochs", "minutes")),
        f"epochs.{preset.name}": _train(int, preset.train.epochs, limits=(1, 100)),
    } | {f"{preset.name}.{name}": _of_field(declared, values[name]) for name, declared in opened.items()}


def _of_field(declared: config.Setting, value: Any) -> Setting:
    """One setting of a configuration; 0 means none for an optional one."""
    wanted: type = declared.value_type
    if declared.limits is None:
        return _train(wanted, value, choices=declared.choices or None)
    least, most = declared.limits
    return _train(wanted, wanted(value or 0), limits=(wanted(0 if declared.optional else least), wanted(most)))


for _preset in PRESETS.values():
    SETTINGS |= _of_preset(_preset)
