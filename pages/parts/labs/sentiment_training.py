"""The training of film reviews' judges: what can be chosen, and what few labels and pretrained vectors reach."""

from __future__ import annotations

import streamlit as st

from charlab.charts import reviews
from charlab.charts.reviews import Accuracies
from charlab.errors import CharlabError
from charlab.labs import catalogue
from charlab.labs.catalogue import Lab
from charlab.labs.sentiment import data, measured, network, vectors
from charlab.labs.sentiment.forms import LABELS, NETWORKS, Form
from charlab.labs.sentiment.measured import Measured
from pages.parts.labs.train_lab import Words
from pages.parts.shared import chart, present

_ALL = 8_000  # sentences with a label
_MOST = 12  # runs whose figures are drawn beside those measured
_LINES = {"learned vectors": "", "pretrained vectors (GloVe)": "-glove"}


def choose(lab: Lab) -> tuple[Lab, Words]:
    """Pick network, masking, number of labels and word vectors."""
    name = st.selectbox(
        "Network", list(NETWORKS), format_func=lambda name: NETWORKS[name].title, key="lab_network", width=260
    )
    labels = st.selectbox(
        "Labels",
        [0, *LABELS],
        format_func=lambda number: f"{number or _ALL:,}",
        key="lab_labels",
        width=100,
        help="How many sentences say whether they are positive.",
    )
    masked = st.checkbox("Masking", True, key="lab_masked", help="Stop at the last word: zeros are not read.")
    can = name == "mean" and vectors.is_here()
    pretrained = st.checkbox(
        "Pretrained vectors",
        key="lab_pretrained",
        disabled=not can,
        help="GloVe: word vectors learned from six billion words, which training does not change. For the mean "
        "of word vectors, and where this server has them.",
    )
    form = Form(name or "gru", masked, labels=labels or 0, vectors="glove" if pretrained and can else "learned")
    return lab.version(form.code), _words(form)


def _words(form: Form) -> Words:
    source = data.SOURCES["sentences"]
    load = "" if source.is_here() else f" The sentences are downloaded first ({source.megabytes:g} MB)."
    time = "a few seconds" if form.labels else form.record.takes
    if form.vectors == "glove":
        count = f"{form.model.embedding + 1} numbers are learned; the word vectors stay as they are."
    else:
        count = f"{network.parameter_count(form):,} numbers are learned."
    return Words(
        start=f"{form.record.about} {count} {form.train.epochs} epochs take {time} on two cores.{load}",
        watch=f"{form.record.about} {form.train.epochs} epochs take {time} on two cores. Press Start: the share "
        "of sentences judged rightly appears here. Watch the gap between training and test: the network begins to "
        f"learn its sentences by heart.{load} {source.about}, {source.licence}.",
    )


def few_labels(lab: Lab) -> None:
    """Draw what the mean of word vectors reaches with few labels, with learned and with pretrained vectors."""
    found = measured.read()
    st.markdown(
        "**What are pretrained vectors good for?** They know words that the few labelled sentences never show: "
        f"with 100 labels they reach {found['mean-100-glove'].mean_test:.1%} of the test set, learned ones "
        f"{found['mean-100'].mean_test:.1%}. With all {_ALL:,} it is {found['mean-glove'].mean_test:.1%} and "
        f"{found['mean'].mean_test:.1%}: vectors that were learned for this task win."
    )
    lines = {name: _line(found, more) for name, more in _LINES.items()}
    own = {name: _own(lab, more) for name, more in _LINES.items()}
    chart.plotly_chart(
        reviews.labels_figure(lines, {name: one for name, one in own.items() if one.labels}),
        key="labels",
        label="Accuracy against the number of labelled sentences, with learned and with pretrained word vectors",
        height=present.taller(350),
        filename="few-labels",
    )
    with present.details("about-labels"):
        st.caption(
            "Mean of word vectors, means of three seeds; the test set has 2,000 sentences, so chance alone moves "
            "an accuracy by a percentage point. Dotted: on the sentences that were learned from. Line at 50%: "
            f"guessing. Measured by `{measured.COMMAND}`. Train your own in *Train it live*: its runs appear here "
            "as diamonds."
        )


def _line(found: dict[str, Measured], more: str) -> Accuracies:
    codes = [f"mean-{labels}{more}" for labels in LABELS] + [f"mean{more}"]
    names = [f"{labels:,}" for labels in (*LABELS, _ALL)]
    return Accuracies(names, [found[c].mean_test for c in codes], [found[c].mean_training for c in codes])


def _own(lab: Lab, more: str) -> Accuracies:
    """What this server's runs of the mean have reached, the newest ones."""
    names, test, training = [], [], []
    for known in lab.runs()[:_MOST]:
        try:
            form = Form.from_code(known.config().preset)
            figures = catalogue.figures_of_best(known.run)
        except CharlabError:  # deleted meanwhile, or not readable
            continue
        is_of_line = form == Form("mean", labels=form.labels, vectors="glove" if more else "learned")
        if is_of_line and form.labels in (0, *LABELS) and "test_accuracy" in figures:
            names.append(f"{form.labels or _ALL:,}")
            test.append(figures["test_accuracy"])
            training.append(figures["training_accuracy"])
    return Accuracies(names, test, training)
