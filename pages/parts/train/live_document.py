"""What the Train page shows of a run and changes with time, as plain data: every word, figure and text of it.

Made once for all browsers that watch the run (live_route.py), and drawn by live_panel.js.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlab.charts import loss
from charlab.core import kinds
from charlab.core.display import without_turns
from charlab.corpora import catalogue, splits
from charlab.errors import CharlabError
from charlab.export import download_names
from charlab.runs import baselines, control, devices, diagnosis, limits, queue, startup, store, watch
from charlab.runs.live import Event, Snapshot, Snapshots
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import in_order
from pages.parts.shared.shared_cache import SharedCache
from pages.parts.train import run_comparison, run_controls, run_picker

SNAPSHOTS = Snapshots()
_CHARTS: SharedCache[str] = SharedCache(16 * 2**20)
_BASELINES: SharedCache[Future] = SharedCache(2**18)
_BACKGROUND = ThreadPoolExecutor(1, "baselines")
_TITLES = {"bits": "loss in bits", "nats": "loss in nats", "accuracy": "accuracy"}
_EVERY_EPOCH = "Every epoch uses the same prompt and the same random numbers: only the model has changed."
_REPORTED = "Reported by the device that trains it."


@dataclass(frozen=True)
class Telling:
    """What is told of a run of one task: its baselines (None while they are computed), the caption of the chart,
    what accuracy means, what the chart has beside the losses, the name and the key, in its events, of what its
    figure tells of the validation set in percent, and what its speed is measured in."""

    baselines: Callable[[RunConfig], list[baselines.Line] | None]
    caption: Callable[[RunConfig, str, bool], str]
    accuracy: str
    chart: Callable[[RunConfig], dict[str, Any]] = lambda config: {}
    figure: tuple[str, str] = ("Validation, %", "val_accuracy")
    speed: str = "Characters/s"


@dataclass(frozen=True)
class Wanted:
    """What a browser asks for: the chart's metric and x-axis, the other runs in it, and whether the reader may act
    on the run, which some advice depends on."""

    run: str
    unit: str = "bits"
    over: str = "epochs"
    others: tuple[str, ...] = ()
    may_act: bool = False


@dataclass(frozen=True)
class Document:
    """What is shown of a run. `parts` are small and go with every answer; the chart and the texts only to those
    who do not have them yet."""

    parts: dict[str, Any]
    chart: str  # Plotly's JSON; "" where there is none
    version: str  # of the chart
    samples: list[Event]
    reading: int  # of the samples: see Snapshot
    at: float  # when the run was read, in seconds since 1970

    def texts(self, first: int) -> list[dict[str, str]]:
        """The generated texts from that one on, and what is said of each."""
        return [_text(self.samples[place], place) for place in range(first, len(self.samples))]


def make(wanted: Wanted) -> Document:
    """The run as it is now. Raises RunError where it is gone or cannot be read."""
    snapshot = SNAPSHOTS.of(store.find(wanted.run))
    run, config, status, events = snapshot.run, snapshot.config, snapshot.status, snapshot.events
    telling = _telling(config)
    lines = telling.baselines(config) if events else []
    drawn = [("this run" if wanted.others else "", snapshot), *_others(wanted)]
    version, chart = _chart(wanted, drawn, lines or [])
    active = status.state in store.ACTIVE
    parts = {
        "more": active or lines is None,
        "active": active,
        "controls": controls(run, status, snapshot.weight_names),
        "state": run_picker.STATES[status.state].capitalize(),
        "queue": _in_line(run, config) if status.state == "queued" else "",
        "problem": in_order(snapshot.problem),
        "reason": _reason(status, wanted.may_act),
        "bar": _bar(config, status),
        "figures": _figures(config, status, events, wanted.unit, telling),
        "chart": {
            "label": f"Progress of {config.name}, {_TITLES[wanted.unit]}: training solid, validation dashed.",
            "filename": f"loss-{download_names.of_run(config)}",
            "instead": "" if chart else _without_chart(status, events, wanted.unit),
        },
        "caption": telling.caption(config, wanted.unit, bool(lines)),
        "next_text": _next_text(config, status),
        "every_epoch": "" if config.task else _EVERY_EPOCH,
        "words": _words(snapshot, wanted),
    }
    samples = [event for event in events if event["event"] == "sample"]
    return Document(parts, chart, version, samples, snapshot.reading, snapshot.at)


def controls(run: Run, status: Status, weight_names: Collection[str]) -> str:
    """What the page's own controls depend on: where it changes, the page's script has to run again."""
    watched = to_watch(run) if status.state == "queued" else []
    return " ".join([status.state, "weights" if weight_names else "", *(other.id for other in watched)])


def to_watch(run: Run) -> list[Run]:
    """The language models in training that can be watched while this run waits in the queue."""
    if devices.is_for(run.config()):
        return []
    return [other for other, _ in queue.running(run.path.parent, task="")[:3]]


# Progress and figures


def _in_line(run: Run, config: RunConfig) -> str:
    """A waiting run's position in the queue, and its expected start."""
    if devices.is_for(config):
        return "Waiting for its device to begin."
    try:
        starts = watch.listing(run.path.parent).get(_expected_starts, run.path.parent)
    except CharlabError:  # another run is being deleted
        return ""
    place, seconds = [*starts, run.id].index(run.id) + 1, starts.get(run.id)
    number = f"Number {place}" if place > 1 else "Next"
    when = f", in about {clock(seconds)}" if seconds and seconds > 5 else ""
    return f"{number} in the queue. It starts automatically{when}."


def _expected_starts(_: tuple[watch.KnownRun, ...], folder: Path) -> dict[str, float | None]:
    return queue.expected_starts(folder)


def _reason(status: Status, may_act: bool) -> dict[str, str] | None:
    """Why the run ended, and whether that is an error."""
    if not status.reason:
        return None
    words = in_page_words(run_controls.reason_for_reader(status, may_act))
    return {"kind": "error" if status.state == "failed" else "info", "words": in_order(words)}


def _bar(config: RunConfig, status: Status) -> dict[str, Any] | None:
    """How far the start of the run is, or its training: a share from 0 to 1, and words."""
    if startup.is_under_way(status):
        expected = startup.expected_seconds(watch.runs(), startup.is_warm(status))
        if starting := startup.shown(status, expected):
            return {"share": starting.share, "words": starting.words}
    epochs = f"{status.epoch:.1f}"
    if config.train.minutes:
        whole = 60 * config.train.minutes
        share = status.seconds / whole
        words = f"{clock(status.seconds).removesuffix(' min')} of {clock(whole)}, epoch {epochs}"
    elif kinds.of(config.model).trained:
        share, words = status.epoch / config.train.epochs, f"Epoch {epochs} of {config.train.epochs}"
    else:
        return None
    return {"share": min(1.0, share), "words": words}


def _figures(
    config: RunConfig, status: Status, events: list[Event], unit: str, telling: Telling
) -> list[dict[str, str]]:
    """Time, speed and the best validation figure so far, in the chart's unit. The first two are what a device says
    where one trains the run."""
    reported = {"help": _REPORTED} if devices.is_for(config) else {}
    steps = [event for event in events if event["event"] == "step"]
    speed = (steps[-1] if steps else status.results).get("characters_per_second")
    if status.state in store.ACTIVE:
        seconds = limits.seconds_left(status)
        left = "" if seconds is None else clock(seconds)
        passed = {"label": "Time left", "value": left or "..."}
    else:
        passed = {"label": "Time taken", "value": clock(status.seconds)}
    return [
        passed | reported,
        {"label": telling.speed, "value": f"{speed:,.0f}" if speed else "..."} | reported,
        {"label": telling.figure[0] if unit == loss.ACCURACY else f"Validation, {unit}"}
        | _validation(events, unit, telling),
    ]


def _validation(events: list[Event], unit: str, telling: Telling) -> dict[str, str]:
    """The best validation figure so far, its standard error, and what they mean."""
    evaluations = [event for event in events if event["event"] == "epoch"]
    if unit == loss.ACCURACY:
        key = telling.figure[1]
        shares = [event[key] for event in evaluations if event.get(key) is not None]
        meaning = f"The highest validation accuracy so far: {telling.accuracy}."
        return {"value": f"{100 * max(shares):.1f}" if shares else "...", "error": "", "help": meaning}
    best = min(evaluations, key=lambda event: event["val_loss"], default={})
    divisor = diagnosis.NATS[unit]
    meaning = (
        f"The lowest validation loss so far, in {unit} per character. After ±: its standard error. On another "
        "text of the same kind and length the loss would typically differ by about as much."
    )
    error = diagnosis.plus_minus(best["val_error"] / divisor) if best.get("val_error") else ""
    return {"value": f"{best['val_loss'] / divisor:.3f}" if best else "...", "error": error, "help": meaning}


def clock(seconds: float) -> str:
    """A length of time: "0:05 min", "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d} min"


# The chart


def _others(wanted: Wanted) -> list[tuple[str, Snapshot]]:
    """The other runs with their labels; unreadable ones are left out."""
    runs = []
    for name in wanted.others:
        try:
            runs.append(SNAPSHOTS.of(store.find(name)))
        except CharlabError:  # it was deleted, or cannot be read
            continue
    configs = {found.run.id: found.config for found in runs}
    labels = run_comparison.labels(configs)
    return [(labels[one.run.id], one) for one in runs if not one.problem]


def _chart(wanted: Wanted, drawn: list[tuple[str, Snapshot]], lines: list[baselines.Line]) -> tuple[str, str]:
    """The version of the loss curves and their JSON, which is "" where there is nothing to draw."""
    seen = [(label, run.reading, len(run.events)) for label, run in drawn]
    depends_on = repr((wanted.unit, wanted.over, seen, lines, _grows(drawn)))
    version = hashlib.blake2b(depends_on.encode(), digest_size=9).hexdigest()
    return version, _CHARTS.get((wanted.run, version), lambda: _drawn(drawn, wanted, lines))


def _drawn(drawn: list[tuple[str, Snapshot]], wanted: Wanted, lines: list[baselines.Line]) -> str:
    runs = [{"label": label, "events": run.events, "reported": devices.is_for(run.config)} for label, run in drawn]
    more = _telling(drawn[0][1].config).chart(drawn[0][1].config)
    chart = loss.loss_chart(runs, wanted.unit, wanted.over, lines, grows=_grows(drawn), **more)
    return json.dumps(chart, separators=(",", ":")) if chart["data"] else ""


def _grows(drawn: list[tuple[str, Snapshot]]) -> bool:
    """Whether the run's lines will be longer in the next answer."""
    return drawn[0][1].status.state in store.ACTIVE


def _without_chart(status: Status, events: list[Event], unit: str) -> str:
    """Why there is no curve, in place of empty axes."""
    if unit == loss.ACCURACY and any(event["event"] in ("step", "epoch") for event in events):
        return "The accuracy of this run was not measured: choose the loss in bits or nats."
    if status.state == "queued":
        return "The curve appears here once the run has started."
    if status.state in store.ACTIVE:
        return "The curve begins here with the first step."
    return "There is no curve: the run ended before its first step."


def _caption(config: RunConfig, unit: str, has_baselines: bool) -> str:
    if unit == loss.ACCURACY:
        meaning = "How often the most likely character is the actual one: higher is better."
    else:
        grey = " Grey lines are baselines without a network." if has_baselines else ""
        meaning = f"How wrong the predictions still are: lower is better.{grey}"
    on_device = devices.is_for(config)
    by_device, by_server = (" (reported by the device)", ", measured by this server") if on_device else ("", "")
    return (
        f"{meaning} Training{by_device}: on the text the model learns from. Validation{by_server}: on "
        f"{splits.described(config.train)}, which it never learns from."
    )


def _baselines(config: RunConfig) -> list[baselines.Line] | None:
    """The run's baselines; none where its text is gone, and None while they are still computed: the curve does not
    wait for them, and the next answer has them."""
    key = baselines.depends_on(config)
    future = _BASELINES.get(key, lambda: _BACKGROUND.submit(baselines.of, config))
    if not future.done():
        return None
    try:
        return future.result()
    except (CharlabError, OSError):  # the text is gone: the run can still be shown
        _BASELINES.drop(key)
        return []


TEXT = Telling(_baselines, _caption, "how often the most likely character is the actual one")


def _telling(config: RunConfig) -> Telling:
    """What is told of a run's task. Raises RunError for one that is not known here."""
    if not config.task:
        return TEXT
    from pages.parts.labs import telling  # draws on this module

    return telling.of(config)


# Texts and sentences


def _next_text(config: RunConfig, status: Status) -> str:
    """When the text after that of the untrained model comes; "" where no training is under way."""
    if config.task or status.state != "running" or not kinds.of(config.model).trained:  # an n-gram has no epochs
        return ""
    if devices.is_for(config):
        return "Next text with the next weights that the device sends."
    time_is_up = ", or when the time is up" if config.train.minutes else ""
    return f"Next text at the end of epoch 1{time_is_up}."


def _text(sample: Event, place: int) -> dict[str, str]:
    after = "Untrained" if sample.get("step") == 0 else f"After epoch {sample['epoch']:g}"
    return {
        "epoch": f"{sample['epoch']:g}",
        "step": f"{sample.get('step', place):,}",
        "after": after,
        "about": in_order(f"{after}, continuing “{sample['seed_text'].strip()}”."),
        "text": without_turns(sample["seed_text"] + sample["text"]),
    }


def _words(snapshot: Snapshot, wanted: Wanted) -> dict[str, Any]:
    """The gap, which weights are saved, and the diagnosis so far."""
    config, status, unit = snapshot.config, snapshot.status, wanted.unit
    corpus = catalogue.CORPORA.get(config.corpus)
    bits = corpus.entropy_bits if corpus else None
    is_loss = unit in diagnosis.NATS
    said = diagnosis.diagnose(
        config,
        snapshot.events,
        bits * diagnosis.NATS["bits"] if bits is not None else None,
        snapshot.alphabet_size,
        state=status.state,
        used_up=limits.is_used_up(status),
        final=status.state == "done" and bool(control.why_not_longer(snapshot.run, config)),
        may_act=wanted.may_act,
        unit=unit if is_loss else "bits",
    )
    return {
        "gap": diagnosis.gap(snapshot.events, unit) if is_loss else "",  # not measured of accuracies
        "saved": diagnosis.saved_weights(status.best_epoch, status.epoch) if status.best_epoch else "",
        "summary": [in_order(in_page_words(sentence)) for sentence in said],
    }
