"""Playground: a seed text, a temperature, and as many samples as one likes, side by side."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from charlab.core.config import SampleConfig
from charlab.errors import ConfigError
from charlab.runs import shell_commands
from charlab.runs.models import Model
from pages.parts.playground import compare_models, history, sample_cards, stream_samples
from pages.parts.playground import temperature as sweeping
from pages.parts.playground.seed_text import seed_text_area
from pages.parts.playground.stream_samples import MODES, GenerationRequest
from pages.parts.shared import model_picker, page_state, url_state
from pages.parts.shared.safe_text import exact, plain

SWEEP, BESIDE = MODES[1:]


def roll() -> None:
    st.session_state["playground.seed"] = secrets.randbelow(2**31)


def choose_temperature(place) -> dict[str, Any]:
    """The setting that the reader chooses: one temperature, or those to compare."""
    if mode == SWEEP:
        typed = place.text_input(
            "Temperatures",
            key="temperatures",
            persist_state="session",
            max_chars=page_state.limits("temperatures")[1],
            help=f"Up to {sweeping.MAX_TEMPERATURES} numbers from 0 to {sweeping.MAX_TEMPERATURE:g}. Each goes on "
            "from the same text with the same random numbers, so that only temperature differs.",
        )
        try:
            return {"temperatures": sweeping.temperatures(typed)}
        except ConfigError as error:
            place.error(plain(str(error)))
            st.stop()
    temperature = place.slider(
        "Temperature",
        *page_state.limits("playground.temperature"),
        step=0.05,
        key="playground.temperature",
        persist_state="session",
        help="Logits are divided by it: 0 always takes the likeliest, 1 is the model as it is, 2 is nearly dice.",
    )
    place.caption(sweeping.meaning(temperature))
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
            help="Written side by side.",
        )
    length = second.slider(
        "Length, characters", *page_state.limits("length"), step=10, key="length", persist_state="session"
    )
    with st.expander("Cut-offs and the random seed"):
        first, second, third = st.columns(3)
        top_k = first.number_input(
            "Top-k (0 is off)",
            *page_state.limits("playground.top_k"),
            key="playground.top_k",
            persist_state="session",
            help="Only the k likeliest characters.",
        )
        top_p = second.slider(
            "Top-p (1 is off)",
            *page_state.limits("playground.top_p"),
            step=0.05,
            key="playground.top_p",
            persist_state="session",
            help="Only the fewest characters whose probabilities reach p together.",
        )
        seed = third.number_input(
            "Random seed",
            *page_state.limits("playground.seed"),
            key="playground.seed",
            persist_state="session",
            help="The same seed and settings write the same text again.",
        )
        third.button("Roll the dice", icon=":material/casino:", on_click=roll, help="Another random seed.")
    return SampleConfig(
        length=length,
        samples=number,
        top_k=top_k or None,
        top_p=top_p if top_p < 1 else None,
        seed=seed,
        **temperature,
    )


def commands(request: GenerationRequest) -> list[str]:
    """What one types for the same texts: a line for each temperature of a sweep, or each model side by side."""
    each = [{"temperature": t, "temperatures": ()} for t in request.config.temperatures] or [{}]
    configs = [request.config.replace(**changes) for changes in each]
    return [
        shell_commands.generation_command(name, weights_name, request.seed_text, config)
        for name, weights_name in request.sources
        for config in configs
    ]


def write_link(write: bool) -> None:
    """Everything that the result depends on, and how it is shown, into the address."""
    config = request.config
    too_long = url_state.write(
        {
            "mode": mode,
            "model": info.name,
            "digest": ",".join(request.digests),
            "seed_text": request.seed_text,
            "beside": ",".join(st.session_state.beside) if mode == BESIDE else None,
            "playground.temperature": None if mode == SWEEP else config.temperature,
            "temperatures": ",".join(f"{t:g}" for t in config.temperatures) or None,
            "samples": config.samples if mode == MODES[0] else None,
            "length": config.length,
            "playground.top_k": config.top_k,
            "playground.top_p": config.top_p,
            "playground.seed": config.seed,
            "shade": st.session_state.shade,
            "write": 1 if write else None,
        }
    )
    if too_long:
        st.caption("The seed text is too long for a link: the page's address holds everything but it.")


def tell_of_changed_models(models: list[Model]) -> None:
    """A link tells which weights its text came from: where these are others now, its text may be another one."""
    if digests := url_state.opened("digest"):
        st.session_state.digests_of_link = (request.sources, digests.split(","))
    sources, digests = st.session_state.get("digests_of_link", ((), []))
    if sources != request.sources or len(digests) != len(models):
        return
    changed = [model.config.name for model, digest in zip(models, digests, strict=True) if model.digest != digest]
    if changed:
        names = " and ".join(changed)
        st.warning(plain(f"{names} has changed since this link was made (other weights): the text may differ."))


st.title("Let a model write")
st.caption(
    "The model goes on from your seed text, one character at a time. Temperature says how daring it is: at 0 it "
    "always takes the likeliest character, above 1 it gives unlikely ones more room."
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
    "Mode", MODES, key="mode", required=True, persist_state="session", label_visibility="collapsed"
)
left, right = st.columns([2, 3], gap="large")
with left:
    info = model_picker.pick_model()
    if info is None:
        st.stop()
    models = compare_models.pick(info) if mode == BESIDE else [model_picker.load_model(info)]
    st.caption(plain(model_picker.about(info, models[0])))
    seed_text = seed_text_area(models)
with right:
    config = choose_sampling()
request = GenerationRequest(
    mode,
    seed_text,
    config,
    tuple((model.name, model.weights_name) for model in models),
    tuple(model.digest for model in models),
)
notice = st.container()
buttons = st.container(horizontal=True, vertical_alignment="bottom")
pressed = buttons.button("Write", type="primary", icon=":material/edit_note:")
buttons.button(
    "Stop", icon=":material/stop:", on_click=stream_samples.stop, help="Ends the writing; what is there stays."
)
earlier = buttons.container(width="content")
shade = buttons.segmented_control(
    "Colour by",
    page_state.choices("shade"),
    key="shade",
    required=True,
    persist_state="session",
    wrap=True,
    help="Coloured, every character can be clicked: the Explainer opens there.",
)
compare = buttons.toggle(
    "Compare with the training text",
    key="compare",
    persist_state="session",
    help="Tells what of each sample stands word for word in the text that the model was trained on.",
)

if pressed:
    st.session_state.pop("digests_of_link", None)
else:
    with notice:
        tell_of_changed_models(models)
written = stream_samples.last()
opened_by_link = "write" in st.query_params and written is None
go = pressed or opened_by_link or stream_samples.is_writing()
is_shown = written is not None and written.request == request
with notice:
    write_link(go or is_shown)
with stream_samples.cleared() if go else st.container():
    if go:
        written, boxes = stream_samples.write(request, models)
    elif written is None:
        st.info("Press Write: the samples appear here. Then move the temperature and write again.")
    else:
        if not is_shown:
            st.caption("Written with the settings before. Press Write for the new ones.")
        boxes = stream_samples.places(written.samples)
    if written is not None:
        sample_cards.show(written, boxes, shade, compare)
with st.expander("The same from the command line"):
    exact("\n".join(commands(request)))
with earlier:
    history.show()
