"""Every setting of a preset, open to be changed: one widget per declared setting of the two configurations."""

from __future__ import annotations

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


def pick_settings(preset: Preset) -> dict[str, Any]:
    """Widgets for all settings that the preset's kind uses; returns those that were changed."""
    changed: dict[str, Any] = {}
    kind = preset.model.kind
    if preset.name == "custom":
        kind = changed["kind"] = _widget("custom.kind", "kind", kind)
    defaults = preset.model.to_json() | preset.train.to_json()
    for group in GROUPS:
        used = [name for name, setting in SETTINGS.items() if setting.group == group and kind in setting.kinds]
        if used:
            st.caption(group)
        columns = st.columns(3)
        for place, name in enumerate(used):
            with columns[place % 3]:
                value = _widget(f"{preset.name}.{name}", name, kind)
            if value != defaults[name]:
                changed[name] = value
    return changed


def in_link(preset: Preset) -> dict[str, Any]:
    """The settings that differ from the preset, as the page's address holds them."""
    defaults = preset.model.to_json() | preset.train.to_json()
    keys = {f"{preset.name}.{name}": default or 0 for name, default in defaults.items()}
    values = {key: url_state.value(key) for key in keys if key in page_state.SETTINGS}
    return {key: value for key, value in values.items() if value not in (None, keys[key])}


def _widget(key: str, name: str, kind: str) -> Any:
    """The widget that suits a setting: a choice, a tick, or a number (0 standing for none) that the kind takes."""
    declared = SETTINGS[name]
    words = f"{declared.help} 0: none." if declared.optional else declared.help
    shared: dict[str, Any] = {"key": key, "help": words, "persist_state": "session"}
    url_state.read(key)
    if declared.choices:
        return st.selectbox(declared.label, declared.choices, **shared)
    if declared.value_type is bool:
        return st.checkbox(declared.label, **shared)
    whole = declared.value_type is int
    step, digits = (1, "%d") if whole else (declared.step, "%.4f")
    limits = (declared.limits_of or {}).get(kind) or page_state.limits(key)
    st.session_state[key] = min(max(st.session_state[key], limits[0]), limits[1])  # another kind may have had more
    value = st.number_input(declared.label, *limits, step=step, format=digits, **shared)
    return None if declared.optional and not value else value
