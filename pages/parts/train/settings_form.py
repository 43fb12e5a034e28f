"""Every setting of a preset, open to be changed: one widget a field of the two configurations."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab.core.config import KINDS, RECURRENT
from charlab.runs.presets import Preset
from pages.parts.shared import page_state, url_state

# What each setting means, in the order in which they are shown; the names are those of the configurations.
_NETWORK = {
    "layers": "Layers stacked on one another.",
    "units": "Numbers that a layer remembers or works with.",
    "embedding": "Numbers that stand for a character; 0 gives each character its own input (one-hot).",
    "heads": "Attention heads in each layer.",
    "context": "Characters that it can look back.",
    "order": "Characters that are counted together, the next one included.",
    "input_dropout": "Share of the input set to zero while training: against learning by heart.",
    "output_dropout": "Share of the output set to zero while training.",
    "recurrent_dropout": "Share of the hidden state set to zero while training.",
    "alphabet": "The text's own characters, or code points below 255 as in the Cloud TPU notebook.",
    "lower_case": "Read capitals as small letters.",
}
_FEEDING = {
    "batches": "Where the pieces of a batch lie: random windows, shuffled chunks, or streams read on and on.",
    "batch_size": "Pieces of text read side by side, over all devices together.",
    "sequence_length": "Characters in a piece.",
    "shift": "Chunks begin every so many characters; 0 puts them end to end.",
    "state_resets": "Share of the streams that begin anew, with an empty state, at each step.",
    "steps_per_epoch": "Batches in an epoch of random windows; 0 means as many as the text has.",
    "validation_share": "Share of the text, at its end, that is kept for validation.",
}
_LEARNING = {
    "optimizer": "How gradients become steps.",
    "learning_rate": "How far one step moves the weights.",
    "learning_rate_schedule": "Constant, or falling along a cosine to the end of the budget.",
    "warm_up_steps": "Steps in which the learning rate rises to its full height.",
    "beta_1": "Adam's and Muon's memory of gradients: the share of it that each step keeps.",
    "beta_2": "Adam's memory of squared gradients.",
    "weight_decay": "How strongly weights are drawn to zero.",
    "clip_norm": "The longest step that gradients may ask for; 0 sets no limit.",
    "embedding_range": "Before training, the numbers that stand for characters lie between minus and plus this.",
    "patience": "Stop when validation has not improved for so many epochs; 0 goes on to the end.",
    "precision": "Half precision is faster where the device has it (most GPUs and TPUs).",
    "seed": "Where the random numbers start: the same seed gives the same run.",
}
_USED_BY = {
    "embedding": RECURRENT, "heads": ("transformer",), "context": ("transformer",), "order": ("ngram",),
    "recurrent_dropout": RECURRENT, "embedding_range": RECURRENT, "alphabet": KINDS, "lower_case": KINDS,
    "validation_share": KINDS,
}  # fmt: skip
_COUNTED_NOT = tuple(kind for kind in KINDS if kind != "ngram")
_SMALL_STEPS = {
    "learning_rate": 0.0005,
    "beta_1": 0.01,
    "beta_2": 0.001,
    "embedding_range": 0.05,
    "weight_decay": 0.01,
    "clip_norm": 0.1,
}


def pick_settings(preset: Preset) -> dict[str, Any]:
    """Widgets for all settings that the preset's kind uses; returns those that were changed."""
    changed: dict[str, Any] = {}
    kind = preset.model.kind
    if preset.name == "custom":
        url_state.read("custom.kind")
        kind = st.selectbox("Kind", KINDS, key="custom.kind", persist_state="session")
        changed["kind"] = kind
    defaults = preset.model.to_json() | preset.train.to_json()
    for title, fields in (("The network", _NETWORK), ("What it is fed", _FEEDING), ("How it learns", _LEARNING)):
        used = [name for name in fields if kind in _USED_BY.get(name, _COUNTED_NOT)]
        if used:
            st.caption(title)
        columns = st.columns(3)
        for place, name in enumerate(used):
            with columns[place % 3]:
                value = _widget(f"{preset.name}.{name}", name, fields[name])
            if value != defaults[name]:
                changed[name] = value
    return changed


def in_link(preset: Preset) -> dict[str, Any]:
    """The settings that differ from the preset, as the page's address holds them."""
    defaults = preset.model.to_json() | preset.train.to_json()
    keys = {f"{preset.name}.{name}": default or 0 for name, default in defaults.items()}
    values = {key: url_state.value(key) for key in keys if key in page_state.SETTINGS}
    return {key: value for key, value in values.items() if value not in (None, keys[key])}


def _widget(key: str, name: str, words: str) -> Any:
    """The widget that suits a setting: a choice, a tick, or a number (0 standing for none)."""
    label = name.replace("_", " ").capitalize()
    url_state.read(key)
    setting = page_state.find(key)
    if setting.choices:
        return st.selectbox(label, setting.choices, key=key, help=words, persist_state="session")
    if setting.type is bool:
        return st.checkbox(label, key=key, help=words, persist_state="session")
    whole = setting.type is int
    value = st.number_input(
        label,
        *setting.limits,
        key=key,
        help=words,
        persist_state="session",
        step=1 if whole else _SMALL_STEPS.get(name, 0.05),
        format="%d" if whole else "%.4f",
    )
    return None if name in page_state.OPTIONAL and not value else value
