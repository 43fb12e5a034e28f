"""Playground: generate text from a prompt, compare temperatures, compare models."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from charlab.core.config import SampleConfig, settings
from charlab.errors import ConfigError
from charlab.runs import shell_commands
from charlab.runs.models import Model
from pages.parts.playground import compare_models, history, sample_cards, stream_samples
from pages.parts.playground.seed_text import seed_text_area
from pages.parts.playground.stream_samples import MODE_LABELS, MODES, GenerationRequest
from pages.parts.playground.temperature import MAX_TEMPERATURE, MAX_TEMPERATURES, meaning, parse_temperatures
from pages.parts.shared import accents, model_picker, page_state, url_state
from pages.parts.shared.safe_text import command, plain

COMPARE_TEMPERATURES, COMPARE_MODELS = MODES[1:]
DECLARED = settings(SampleConfig)


def roll() -> None:
    st.session_state["playground.seed"] = secrets.randbelow(2**31)


def choose_temperature(place) -> dict[str, Any]:
    """The setting that the reader chooses: one temperature, or those to compare."""
    if mode == COMPARE_TEMPERATURES:
        typed = place.text_input(
            "Temperatures",
            key="temperatures",
            persist_state="session",
            max_chars=page_state.limits("temperatures")[1],
            help=f"Up to {MAX_TEMPERATURES} numbers from 0 to {MAX_TEMPERATURE:g}, as in 0.2, 0.5, 1 or, with "
            "decimal commas, 0,2; 0,5; 1. Each continues the same prompt with the same random numbers, so only "
            "the temperature differs.",
        )
        try:
            return {"temperatures": parse_temperatures(typed)}
        except ConfigError as error:
            place.error(plain(str(error)))
            st.stop()
    temperature = place.slider(
        "Temperature",
        *page_state.limits("playground.temperature"),
        step=0.05,
        key="playground.temperature",
        persist_state="session",
        help=DECLARED["temperature"].help,
    )
    place.caption(meaning(temperature))
    return {"temperature": temperature}


def choose_sampling() -> SampleConfig:
    first, second = st.columns(2)
    temperature = choose_temperature(first)
    number = 1
    if mode == MODES[0]:
        number = second.slider(
            "Samples",
            *page_state.limits("samples"),
            key="samples",
            persist_state="session",
            help="Texts generated side by side.",
        )
    length = second.slider(
        "Length (characters)", *page_state.limits("length"), step=10, key="length", persist_state="session"
    )
    with st.expander("Top-k, top-p, random seed"):
        first, second, third = st.columns(3)
        top_k = first.number_input(
            "Top-k (0 is off)",
            *page_state.limits("playground.top_k"),
            key="playground.top_k",
            persist_state="session",
            help=DECLARED["top_k"].help,
        )
        top_p = second.slider(
            "Top-p (1 is off)",
            *page_state.limits("playground.top_p"),
            step=0.05,
            key="playground.top_p",
            persist_state="session",
            help=DECLARED["top_p"].help,
        )
        seed = third.number_input(
            "Random seed",
            *page_state.limits("playground.seed"),
            key="playground.seed",
            persist_state="session",
            help=DECLARED["seed"].help,
        )
        third.button("New random seed", icon=":material/casino:", on_click=roll)
    return SampleConfig(
        length=length,
        samples=number,
        top_k=top_k,  # 0 and 1 are off
        top_p=top_p,
        seed=seed,
        **temperature,
    )


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


def write_link(write: bool) -> None:
    """Put everything that the result depends on, and its colouring, into the address."""
    config = request.config
    too_long = url_state.write(
        {
            "mode": mode,
            "model": info.name,
            "digest": ",".join(request.digests),
            "seed_text": request.seed_text,
            "beside": ",".join(st.session_state.beside) if mode == COMPARE_MODELS else None,
            "playground.temperature": None if mode == COMPARE_TEMPERATURES else config.temperature,
            "temperatures": ",".join(f"{t:g}" for t in config.temperatures) or None,
            "samples": config.samples if mode == MODES[0] else None,
            "length": config.length,
            "playground.top_k": config.top_k,
            "playground.top_p": config.top_p,
            "playground.seed": config.seed,
            "playground.accents": accents.in_link("playground.accents"),
            "shade": st.session_state.shade,
            "write": 1 if write else None,
        }
    )
    if too_long:
        st.caption("The prompt is too long for a link: the page address holds all settings except the prompt.")


def tell_of_changed_models(models: list[Model]) -> None:
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


st.title("Generate text")
st.caption(
    "The model continues your prompt one character at a time. Temperature sets how random the text is: at 0 the "
    "model always takes the most likely character, above 1 it takes unlikely ones more often."
)

for setting in (
    "mode",
    "playground.temperature",
    "temperatures",
    "samples",
    "length",
    "playground.top_k",
    "playground.top_p",
    "playground.seed",
    "shade",
    "compare",
):
    url_state.read(setting)

mode = st.segmented_control(
    "Mode",
    MODES,
    format_func=MODE_LABELS.get,
    key="mode",
    required=True,
    persist_state="session",
    label_visibility="collapsed",
    wrap=True,
)
left, right = st.columns([2, 3], gap="large")
with left:
    info = model_picker.pick_model()
    if info is None:
        st.stop()
    models = compare_models.pick(info) if mode == COMPARE_MODELS else [model_picker.load_model(info)]
    st.caption(plain(model_picker.about(info, models[0])))
    seed_text, as_in_alphabet = seed_text_area(models)
with right:
    config = choose_sampling()
request = GenerationRequest(
    mode,
    seed_text,
    config,
    tuple((model.name, model.weights_name) for model in models),
    tuple(model.digest for model in models),
    as_in_alphabet,
)
notice = st.container()
buttons = st.container(horizontal=True, vertical_alignment="bottom")
pressed = buttons.button("Generate", type="primary", icon=":material/edit_note:")
buttons.button(
    "Stop", icon=":material/stop:", on_click=stream_samples.stop, help="Stop generating; keep the text."
)
earlier = buttons.container(width="content")
shade = buttons.segmented_control(
    "Colour by",
    page_state.choices("shade"),
    format_func=sample_cards.SHADE_LABELS.get,
    key="shade",
    required=True,
    persist_state="session",
    wrap=True,
    help="Click a character to open it in the Explainer.",
)
compare = buttons.toggle(
    "Compare with the training text",
    key="compare",
    persist_state="session",
    help="Shows passages found verbatim in the training text.",
)

if pressed:
    st.session_state.pop("digests_of_link", None)
else:
    with notice:
        tell_of_changed_models(models)
result = stream_samples.last_result()
is_new = url_state.opened("write") is not None and result is not None and result.request != request
opened_by_link = "write" in st.query_params and (result is None or is_new)
go = pressed or opened_by_link or stream_samples.is_generating()
is_shown = result is not None and result.request == request
with notice:
    write_link(go or is_shown)
with stream_samples.cleared() if go else st.container():
    if go:
        result, boxes = stream_samples.generate_samples(request, models)
    elif result is None:
        st.info("Press Generate: the samples appear here. Then change the temperature and generate again.")
    else:
        if not is_shown:
            st.caption("Generated with the previous settings. Press Generate to update.")
        boxes = stream_samples.places(result.samples)
    if result is not None:
        sample_cards.show(result, boxes, shade, compare)
with st.expander("Command-line equivalent"):
    command("\n".join(commands(request)))
with earlier:
    history.show()
