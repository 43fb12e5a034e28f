"""The dates lab's training: which version is trained; and the measured speeds of two ways to decode."""

from __future__ import annotations

import streamlit as st

from charlab.errors import CharlabError
from charlab.labs.catalogue import Lab
from charlab.labs.dates import data, network, speed_process
from charlab.labs.dates.speed_process import Speeds
from pages.parts.labs.train_lab import Words
from pages.parts.shared import present
from pages.parts.shared.safe_text import plain

_IN_ONE_GRAPH = "in one graph"
_VERSIONS = {  # the lecture's five; the third is trained like the second
    "repeated": "a: repeated vector",
    "teacher": "b: teacher forcing",
    _IN_ONE_GRAPH: "c: like b, decoded in one graph",
    "scheduled": "d: scheduled sampling",
    "attention": "e: attention",
}
_MODEL = "half-trained"  # whose speeds are measured: it has teacher forcing


def choose(lab: Lab) -> tuple[Lab, Words]:
    """Pick a version of the network, and whether its encoder reads both ways."""
    version = st.selectbox(
        "Version",
        list(_VERSIONS),
        index=list(_VERSIONS).index("attention"),
        format_func=_VERSIONS.get,
        key="lab_version",
        width=270,
        help="What the decoder learns of the date that was read.",
    )
    both = st.checkbox(
        "Bidirectional encoder", key="lab_both_ways", help="Half of the encoder's units read the date backwards."
    )
    name = "teacher" if version == _IN_ONE_GRAPH else version or lab.preset
    name = f"{name}-bidirectional" if both else name
    chosen = lab.version(name)
    about = network.VERSIONS[name].about
    if version == _IN_ONE_GRAPH:
        about += " It is trained exactly like b. How it is decoded differs: see Two speeds."
    count = network.parameter_count(network.VERSIONS[name], lab.model)
    return chosen, Words(
        start=f"{count:,} parameters learn from 10,000 dates. {about}",
        watch=f"{about} Press Start: the share of right characters appears here within seconds, and after each "
        "epoch the share of exact dates. Train another version, too: its curve is drawn in the same chart.",
    )


def speeds() -> None:
    """Measure how long Keras takes to write two dates in two ways, when the button is pressed."""
    st.markdown(
        "**c: teacher forcing, decoded in one graph.** To write a date, the decoder must read each character that "
        "it has written. The plain way calls `predict` in Keras for each of the ten characters, and computes "
        "everything before it again. The other way compiles all ten steps into one graph, for the same dates."
    )
    if st.button("Measure on this machine", type="primary", icon=":material/timer:"):
        try:
            with st.spinner(
                "TensorFlow starts in a separate process, compiles both ways and writes two dates several times. "
                "This takes about half a minute.",
                show_time=True,
            ):
                st.session_state.speeds = speed_process.measure(_MODEL, data.EXAMPLES[:2])
        except CharlabError as problem:
            st.error(plain(str(problem)))
    if measured := st.session_state.get("speeds"):
        _show(measured)


def _show(measured: Speeds) -> None:
    columns = st.columns(3)
    for column, label, milliseconds in zip(
        columns,
        ("predict per character", "one compiled graph", "NumPy, as on this page"),
        (measured.predict, measured.graph, measured.numpy),
        strict=True,
    ):
        column.metric(label, f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms")
    same = "All wrote the same two dates." if measured.are_equal else "They did not write the same dates."
    st.success(f"One compiled graph is {measured.ratio:,.0f} times as fast as predict per character. {same}")
    with present.details("about-speeds"):
        st.caption(
            "Medians of several repetitions for two dates together, without starting TensorFlow and compiling. "
            "While a training runs on this machine, all of them take longer."
        )
