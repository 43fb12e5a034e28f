"""Every setting of a preset, open to be changed: one widget per declared setting of the two configurations."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import streamlit as st

from charlab.core import kinds
from charlab.core.config import GROUPS, SETTINGS
from charlab.runs.presets import Preset
from pages.parts.shared import page_state, url_state


def is_trained(preset: Preset) -> bool:
    """Whether the kind of model that is chosen is trained by gradients: of the custom preset that is the reader's
    choice."""
    return kinds.RECORDS[_kind(preset)].trained


def _kind(preset: Preset) -> str:
    if preset.name != "custom":
        return preset.model.kind
    url_state.read("custom.kind")
    return st.session_state["custom.kind"]


def read_settings(preset: Preset) -> dict[str, Any]:
    """Give all settings that the preset's kind uses their values, before any is drawn; returns those that were
    changed."""
    kind, defaults = _kind(preset), _defaults(preset)
    changed = {"kind": kind} if preset.name == "custom" else {}
    for name in itertools.chain(*_used(kind).values()):
        value = _read(f"{preset.name}.{name}", name, kind)
        if value != defaults[name]:
            changed[name] = value
    return changed


def draw_settings(preset: Preset) -> None:
    """Draw a widget for each of these settings."""
    kind = _kind(preset)
    if preset.name == "custom":
        _widget("custom.kind", "kind", kind)
    for group, names in _used(kind).items():
        if names:
            st.caption(group)
        columns = st.columns(3)
        for place, name in enumerate(names):
            with columns[place % 3]:
                _widget(f"{preset.name}.{name}", name, kind)


def in_link(preset: Preset) -> dict[str, Any]:
    """The settings that differ from the preset, as the page's address holds them."""
    keys = {f"{preset.name}.{name}": default or 0 for name, default in _defaults(preset).items()}
    values = {key: url_state.value(key) for key in keys if key in page_state.SETTINGS}
    return {key: value for key, value in values.items() if value not in (None, keys[key])}


@cache
def _used(kind: str) -> dict[str, list[str]]:
    """The names of the settings that a kind uses, by group."""
    used = [(name, setting) for name, setting in SETTINGS.items() if kind in setting.kinds]
    return {group: [name for name, setting in used if setting.group == group] for group in GROUPS}


@cache
def _defaults(preset: Preset) -> dict[str, Any]:
    return preset.model.to_json() | preset.train.to_json()


def _read(key: str, name: str, kind: str) -> Any:
    """Give a setting its value: a choice, a tick, or a number that the kind takes. 0 stands for none."""
    url_state.read(key)
    value = st.session_state[key]
    if SETTINGS[name].limits is not None:
        least, most = _limits(key, name, kind)
        if not least <= value <= most:  # another kind may have had more
            value = st.session_state[key] = min(max(value, least), most)
    return None if SETTINGS[name].optional and not value else value


def _limits(key: str, name: str, kind: str) -> tuple[Any, Any]:
    return (SETTINGS[name].limits_of or {}).get(kind) or page_state.limits(key)


def _widget(key: str, name: str, kind: str) -> None:
    """The widget that suits a setting."""
    declared = SETTINGS[name]
    words = f"{declared.help} 0: none." if declared.optional else declared.help
    shared: dict[str, Any] = {"key": key, "help": words, "persist_state": "session"}
    if declared.choices:
        st.selectbox(declared.label, declared.choices, **shared)
    elif declared.value_type is bool:
        st.checkbox(declared.label, **shared)
    else:
        st.session_state[key] = st.session_state[key]  # which stays where another kind has other limits
        step, digits = (1, "%d") if declared.value_type is int else (declared.step, "%.4f")
        st.number_input(declared.label, *_limits(key, name, kind), step=step, format=digits, **shared)
