"""Playground: generate text from a prompt, compare temperatures, compare models."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from charlab.core.config import SampleConfig
from charlab.errors import CharlabError
from pages.parts.playground import (
    compare_models,
    empty_state,
    history,
    links,
    sample_cards,
    seed_text,
    settings_panel,
    stream_samples,
)
from pages.parts.playground.stream_samples import MODE_LABELS, MODES, Boxes, GenerationRequest, GenerationResult
from pages.parts.shared import header_stop, model_picker, present, settings_fold, url_state
from pages.parts.shared.safe_text import command, plain

FOLD = "playground_settings"


def begin() -> None:
    """What a press of Generate does before the page is drawn again."""
    settings_fold.fold(FOLD)


def draw_stop(*, active: bool) -> None:
    """The button that ends a generation, which can be pressed only while there is one."""
    stop_place.button(
        "Stop",
        icon=":material/stop:",
        key="stop" if active else "nothing_to_stop",
        on_click=stream_samples.stop,
        disabled=not active,
        help="Stop generating; keep the text.",
    )


def show(result: GenerationResult, boxes: list[Boxes]) -> None:
    """The finished samples, and what is below them."""
    sample_cards.show(result, boxes, shade, compare)
    with present.details("below"):
        sample_cards.below(result, shade, compare)
    finish()


def places(result: GenerationResult, outdated: bool = False) -> list[Boxes]:
    """A title and empty boxes for each sample of a result."""
    with stream_samples.stage(result):
        return stream_samples.places(result.samples, outdated)


def show_stopped(boxes: list[Boxes]) -> None:
    """What was generated until the reader stopped the script."""
    stream_samples.stop()
    draw_stop(active=False)
    show(stream_samples.last_result(), boxes)


def finish() -> None:
    """What is below samples of any kind, and where there are none."""
    with present.details("commands"), st.expander("Command-line equivalent"):
        command("\n".join(links.commands(request)))
    with earlier:
        history.show()


st.html(Path(__file__).parent / "parts" / "playground" / "playground.css")
settings_panel.read_link()
stream_samples.prepare()
if url_state.has_arrived():
    stream_samples.stop()  # the reader left while a text was generated
result = stream_samples.last_result()
opened_by_link = url_state.opened("write") is not None or ("write" in st.query_params and result is None)
if opened_by_link:
    begin()

# The page from top to bottom. Nothing above the bar depends on what was typed, so that Generate stays where it is.
heading = present.details("heading")
with present.details("settings"):
    line, settings = settings_fold.places(FOLD)
bar = st.container(key="generate_bar", horizontal=True, vertical_alignment="bottom")
notice = st.container()
tools = present.details("tools", horizontal=True, vertical_alignment="center")

with heading:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.title("Generate text", width="content")
    mode = row.segmented_control(
        "Mode",
        MODES,
        format_func=MODE_LABELS.get,
        key="mode",
        required=True,
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
with settings:
    left, right = st.columns([3, 2], gap="large")
    with left:
        info = model_picker.pick_model()
        if info is None:
            settings_fold.reveal()
            header_stop.end()
        models = compare_models.pick(info, notice) if mode == MODES[2] else [model_picker.load_model(info)]
        st.caption(plain(model_picker.about(info, models[0])))
        prompt = seed_text.text_area(models[0])
    with right:
        sampling = settings_panel.choose_sampling(mode, models[0].vocab.unit)
summary = settings_panel.summary(stream_samples.names(models), prompt, models[0].vocab.unit)
settings_fold.say(line, FOLD, summary)
with bar:
    temperature = settings_panel.choose_temperature(mode, notice)
    pressed = st.button(
        "Generate", type="primary", icon=":material/edit_note:", shortcut="Mod+Enter", on_click=begin
    )
    with present.details("stop", width="content"):
        stop_place = st.empty()
if temperature is None:
    header_stop.end()
sampling |= temperature
with notice:
    as_in_alphabet = seed_text.tell_how_it_is_read(prompt, models)
request = GenerationRequest(
    mode,
    prompt,
    SampleConfig(**sampling),
    tuple((model.name, model.weights_name) for model in models),
    tuple(model.digest for model in models),
    as_in_alphabet,
)
if pressed:
    st.session_state.pop("digests_of_link", None)
else:
    with notice:
        links.tell_of_changed_models(request, models)
is_current = result is not None and result.request == request
generates = pressed or stream_samples.is_generating() or (opened_by_link and not is_current)
follows = not generates and result is not None and result.can_follow(request)
draw_stop(active=generates)

# While the server's writers generate, this script draws what is around the texts.
with stream_samples.generation(request, models, follows) if generates or follows else nullcontext() as generation:
    with tools:
        if generates or result:
            sample_cards.choose_view()
        earlier = st.container(width="content")
    shade, compare = st.session_state.shade, st.session_state.compare
    with notice:
        links.write(request, generates or follows or is_current)
    if generates:
        boxes = places(generation.result)
        try:
            result = generation.stream(boxes)
            draw_stop(active=False)
            show(result, boxes)
        except CharlabError:
            draw_stop(active=False)
            raise
        except StopException:
            raise header_stop.Stopped(lambda: show_stopped(boxes)) from None
    elif generation or is_current:
        result = generation.stream() if generation else result
        show(result, places(result))
    elif result:
        sample_cards.show_outdated(result, places(result, outdated=True))
        finish()
    else:
        empty_state.show(begin, prompt, models[0])
        finish()
