"""Command-line equivalents of a page's actions: training the same run, generating the same texts."""

from __future__ import annotations

import shlex

from charlab.core.config import SETTINGS, SampleConfig
from charlab.runs import devices, store
from charlab.runs.presets import preset


def training_command(config: store.RunConfig) -> str:
    """The command that trains the same run: the preset, and the settings that differ from it. A run that a device
    trained is trained by this machine then."""
    chosen = preset(config.preset)
    defaults = chosen.model.to_json() | chosen.train.to_json()
    settings = config.model.to_json() | config.train.to_json()
    changed = {name: value for name, value in settings.items() if value != defaults[name]}
    if changed.get("accelerator") == devices.NAME:
        del changed["accelerator"]
    words = ["python -m charlab train", "--corpus", shlex.quote(config.corpus), "--preset", config.preset]
    for name in ("minutes", "epochs", "accelerator", "seed"):
        if name in changed and not (name == "epochs" and "minutes" in changed):
            words += [
                f"--{name}",
                f"{changed[name]:g}" if isinstance(changed[name], float) else str(changed[name]),
            ]
        changed.pop(name, None)
    changed.pop("seed_text", None)  # taken from the text where none was given
    for name, value in changed.items():
        words += ["--set", shlex.quote(f"{name}={'none' if value is None else value}")]
    return " ".join(words)


def generation_command(
    model: str, weights_name: str, seed_text: str, config: SampleConfig, *, normalise: bool = True
) -> str:
    """The command that generates the same texts: a model's name, its weights' name, and the settings that differ
    from the command's defaults."""
    words = ["python -m charlab generate", shlex.quote(model)]
    if weights_name != "best":
        words += ["--weights", weights_name]
    words += ["--seed-text", shlex.quote(seed_text), *([] if normalise else ["--no-normalise"])]
    for name, value in config.to_json().items():
        if value != getattr(SampleConfig(), name):
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    return " ".join(words)


def settings_help() -> str:
    """Every setting that --set takes, a line each: its name, what it may be, and what it means."""
    lines = ["settings (--set):"]
    for name, declared in SETTINGS.items():
        allowed = ", ".join(declared.choices) or {bool: "true, false", str: "any text"}.get(
            declared.value_type, ""
        )
        if declared.limits:
            allowed = "{:,} to {:,}".format(*declared.limits) + (", none" if declared.optional else "")
        kinds = f" Only {', '.join(declared.kinds)}." if declared.is_special else ""
        lines.append(f"  {name} ({allowed}): {declared.label}. {declared.help}{kinds}")
    return "\n".join(lines)
