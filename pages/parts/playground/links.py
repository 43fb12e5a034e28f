"""A request elsewhere: in the page's address, and as commands."""

from __future__ import annotations

import streamlit as st

from charlab.runs import shell_commands
from charlab.runs.models import Model
from pages.parts.playground.stream_samples import MODES, GenerationRequest
from pages.parts.shared import accents, url_state
from pages.parts.shared.safe_text import plain


def write(request: GenerationRequest, generates: bool) -> None:
    """Put everything that the result depends on, and its colouring, into the address.

    `generates` says whether whoever opens it sees the texts at once.
    """
    mode, config = request.mode, request.config
    too_long = url_state.write(
        {
            "mode": mode,
            "model": request.sources[0][0],
            "digest": ",".join(request.digests),
            "seed_text": request.seed_text,
            "beside": ",".join(st.session_state.beside) if mode == MODES[2] else None,
            "playground.temperature": None if mode == MODES[1] else config.temperature,
            "temperatures": ",".join(f"{t:g}" for t in config.temperatures) or None,
            "samples": config.samples if mode == MODES[0] else None,
            "length": config.length,
            "playground.top_k": config.top_k,
            "playground.top_p": config.top_p,
            "playground.seed": config.seed,
            "playground.accents": accents.in_link("playground.accents"),
            "shade": st.session_state.shade,
            "write": 1 if generates else None,
        }
    )
    if too_long:
        st.caption("The prompt is too long for a link: the page address holds all settings except the prompt.")


def tell_of_changed_models(request: GenerationRequest, models: list[Model]) -> None:
    """Warn where the link was made with other weights: its text may have been different."""
    if digests := url_state.opened("digest"):
        st.session_state.digests_of_link = (request.sources, digests.split(","))
    sources, digests = st.session_state.get("digests_of_link", ((), []))
    if sources != request.sources or len(digests) != len(models):
        return
    changed = [model.config.name for model, digest in zip(models, digests, strict=True) if model.digest != digest]
    if changed:
        names = " and ".join(changed)
        st.warning(plain(f"The weights of {names} have changed since this link was made: the text may differ."))


def commands(request: GenerationRequest) -> list[str]:
    """The commands that generate the same texts: one line per temperature or model that is compared."""
    each = [{"temperature": t, "temperatures": ()} for t in request.config.temperatures] or [{}]
    configs = [request.config.replace(**changes) for changes in each]
    return [
        shell_commands.generation_command(
            name, weights_name, request.seed_text, config, normalise=request.as_in_alphabet
        )
        for name, weights_name in request.sources
        for config in configs
    ]
