"""Hostile words: numbers in odd forms, odd texts and names, odd JSON, and commands and links made of them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from hypothesis import strategies as st

from charlab.cli import arguments
from charlab.core.config import SETTINGS
from charlab.corpora.decoding import ENCODINGS
from charlab.runs.presets import PRESETS
from pages.parts.shared import page_state

Draw = Any

NUMBERS = (
    "0", "1", "2", "3", "7", "16", "-1", "-0", "+5", "1.5", "1,5", "0,5", ".5", "5.", "1e3", "1e999", "-1e999",
    "1e-999",
    "nan", "-nan", "inf", "-Infinity", "NaN", "1_000", "1,000", "1.000,5", "1 000", "0x10", "0b1", "1e", "e5",
    "--5", "½",
    "٣", "١٢٣", "٠٫٥", "५", "１２", "②", "9" * 30, "9" * 400, "9" * 5000, "-" + "9" * 30, "0." + "0" * 400 + "1",
    "1e308",
    "4294967296", "2147483647", "2147483648", "9007199254740993", "18446744073709551616", "1/2", "50%", "None",
    "none",
    "true", "False", "", " ", "\n", " 5 ", "5\n", "5;6", "0,2; 0,5; 1,0", "0.2,0.5,0.5", "1,2,3", ";;;", ",",
    "1,,2",
    "0.2 " * 60, "1, 2, 3, 4, 5, 6, 7, 8, 9", "−3", "1‚5", "5 ", "1e5", "0.30000000000000004", "[1]", "{}",
)  # fmt: skip
WORDS = (
    "", " ", "\t", "\n", "\r\n", "\0", "a\0b", "\x1b[31mred", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffd",
    "\uffff",
    "a", "the ", "To be, or not to be", "é", "e\u0301", "\u0301", "ﬁ", "ß", "İ", "ı", "ǅ", "Ω", "K", "가",
    "\u1112\u1161\u11ab",
    "море", "שלום עולם", "مرحبا", "नमस्ते", "สวัสดี", "海面很平静", "𠮷", "🦊", "👩‍👩‍👧‍👦", "🇫🇷", "\ud83e\udd8a",
    "\ud800", "\udcff", "\udfff\ud800",
    "\u202eevil\u202c", "\u200f\u200e\u200b", "\u2066\u2069", "a" * 5000, "ab\n" * 2000, "\u0301" * 300,
    "<b>x</b>",
    "<script>alert(1)</script>", "&amp;&lt;", "**bold** _it_ `x` $y$ [a](http://e.x) ![b](c)",
    "{0} %s %n ${HOME} {{x}}",
    "'; DROP TABLE runs; --", "$(touch x)", "`id`", "|ls", "--json", "-1", "-h", "--", "@file", "~", "~root",
    "%2e%2e%2f",
    "../../etc/passwd", "..", ".", "/", "//", "\\\\server\\share", "C:\\x", "CON", "nul", "x" * 256, "x/" * 200,
    "x" * 4097,
    "/dev/null", "/proc/self/mem", "/nonexistent/x", "file:///etc/hostname", "memory://x/y", "memory://",
    "zip://x::y",
    "http://127.0.0.1:1/x", "ftp://127.0.0.1:1/x", "gs://", "s3://x", "://", "a://b", "data:,x", "local://x",
    "reference://x",
    "null", "undefined", "True", "[]", "{}", "NaN", "None", "epoch-001", "epoch-999999999", "epoch-0000000001",
    "last", "best",
    "key=value", "=", "=x", "units=", "units==5", "kind", "kind=magic", "context=9" * 3, "seed_text=12",
    "seed_text=\0",
)  # fmt: skip
UNICODE = st.characters(exclude_categories=())  # lone surrogates and unassigned characters too
odd_texts = st.one_of(st.sampled_from(WORDS), st.text(UNICODE, max_size=30), st.text(max_size=300))
odd_numbers = st.one_of(
    st.sampled_from(NUMBERS),
    st.integers().map(str),
    st.floats().map(repr),
    st.from_regex(r"[-+0-9.,;eE _%]{1,12}", fullmatch=True),
)
odd_words = st.one_of(odd_numbers, odd_texts)
odd_json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        odd_texts,
        st.sampled_from(
            [0, -1, 1.5, 1e300, -1e300, 1e14, 2**53 + 1, 2**63, 10**30, 10**400, 1e6, -1e-6, "", [], {}]
        ),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_texts, inner, max_size=4),
    max_leaves=6,
)


def short(limits: tuple[float, float], *more: str) -> st.SearchStrategy[str]:
    """Numbers that a command can be asked for in a test: small ones, and those beyond the limits."""
    inside = st.integers(int(limits[0]), int(limits[1])).map(str)
    return (
        inside
        | odd_numbers.filter(lambda typed: not _is_between(typed, limits[1], 1e9))
        | st.sampled_from(more or ("1",))
    )


def _is_between(typed: str, least: float, most: float) -> bool:
    """Whether a number may be read as one between: what would take its time, as it was asked to."""
    try:
        return any(
            least < float(form) <= most for form in (typed, typed.replace(",", ""), typed.replace(",", "."))
        )
    except ValueError:
        return False


# Commands

# Start TensorFlow, lower the priority of the process that they run in, or wait for runs from a server
_SKIPPED = {"accelerators", "work", "stand-ready", "write"}
_SHORT = {"length": (1, 300), "samples": (1, 4), "wait": (0, 1), "top": (0, 40), "window": (0, 400)}


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    [found] = [action for action in arguments.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return found.choices


COMMANDS = sorted(set(parsers()) - _SKIPPED)


@st.composite
def commands(draw: Draw, models: list[str], texts: list[str], files: list[str]) -> list[str]:
    """A command with its arguments, of which some make sense. Nothing that would train a network."""
    name = draw(st.sampled_from([*COMMANDS, "generate", "explain", "evaluate", "train", "import", "export"]))
    words, values = [name], _values(name, models, texts, files)
    for action in parsers()[name]._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        needed = action.required or not action.option_strings
        if draw(st.integers(0, 9)) >= (9 if needed else 3):
            continue
        for _ in range(draw(st.integers(1, 3)) if isinstance(action, argparse._AppendAction) else 1):
            words += _words(draw, action, values)
    words += draw(st.lists(odd_texts, max_size=2)) if draw(st.integers(0, 19)) == 0 else []
    return _without_networks(words)


def _words(draw: Draw, action: argparse.Action, values: dict[str, st.SearchStrategy[str]]) -> list[str]:
    options = [draw(st.sampled_from(action.option_strings))] if action.option_strings else []
    if action.nargs == 0:
        return options
    value = draw(values.get(action.dest, odd_words))
    if options and (value.startswith("-") or draw(st.booleans())):
        return [f"{options[0]}={value}"]
    return [*options, value]


def _values(name: str, models: list[str], texts: list[str], files: list[str]) -> dict[str, st.SearchStrategy[str]]:
    """What the arguments of a command may be, by name; others are odd words."""
    models_or_words = st.sampled_from(models) | odd_texts
    weights = st.sampled_from(["best", "last", "epoch-001", "epoch-1", "Best", "../best"]) | odd_texts
    safe = [word for word in WORDS if not word.startswith(("/", "~", "file:", "local:", "-", "\\"))]
    safe = [word for word in safe if ".." not in word]
    found = {
        "model": st.sampled_from(models) | st.sampled_from(models) | models_or_words,
        "run": models_or_words,
        "weights": weights,
        "corpus": st.sampled_from(texts) | st.sampled_from(texts) | odd_texts,
        "encoding": st.sampled_from([*ENCODINGS, "utf8", "UTF_8", "rot13", "base64", "idna", "hex", "zlib"])
        | odd_texts,
        "preset": st.sampled_from(["ngram"] * 8 + list(PRESETS)) | odd_texts,
        "format": st.sampled_from(["bundle", "csv", "script", "BUNDLE"]) | odd_texts,
        "to": st.sampled_from(["made.zip", "made/deep/er.zip", ".", "", *safe]),
        "file": st.sampled_from(files) | odd_texts,
        "text": odd_texts,
        "seed_text": odd_texts,
        "name": odd_texts,
        "set": settings(),
        "accelerator": odd_texts,
        "split": st.sampled_from(["val", "all"]) | odd_texts,
        "minutes": odd_numbers,
        "epochs": odd_numbers,
    }
    return found | {key: short(limits) for key, limits in _SHORT.items()}


@st.composite
def settings(draw: Draw) -> str:
    """A word for --set."""
    name = draw(st.sampled_from(list(SETTINGS)))
    choices = SETTINGS[name].choices or ("1",)
    value = draw(st.one_of(odd_numbers, st.sampled_from(choices), odd_texts))
    return draw(st.sampled_from([f"{name}={value}", f" {name} = {value}", f"{name.upper()}={value}", value]))


def _without_networks(words: list[str]) -> list[str]:
    """The command, whose text is missing where it would train a network: that takes minutes."""
    if words[0] != "train":
        return words
    kinds = [word for word in words if "kind" in word.lower()]
    presets = {words[i + 1] for i, word in enumerate(words[:-1]) if word == "--preset"}
    presets |= {word.removeprefix("--preset=") for word in words if word.startswith("--preset=")}
    if not kinds and presets <= {"ngram"}:
        return words
    return [word for word in words if not word.startswith("--corpus=")] + ["--corpus", "nowhere.txt"]


# Links

_LIKELY = {
    "length": short((10, 120)), "samples": short((1, 3)), "beside": odd_texts, "view": st.sampled_from(
        ["read", "write with it", "inside", "over training", "nothing"]
    ), "mode": st.sampled_from(["samples", "temperature sweep", "side by side", "none"]),
    "write": st.sampled_from("10x"),
    "walk": odd_words | st.from_regex(r"[0-9a-z.,:\-]{0,30}", fullmatch=True),
    "unit": odd_words | st.sampled_from(["h:3", "layer_1/h:0", "h/1/2", "state:999999999", "h:-1"]),
}  # fmt: skip


@st.composite
def links(draw: Draw, page: str, models: list[str], texts: list[str]) -> dict[str, str]:
    """The parameters of a page's link, by name; most belong to this page."""
    names = {page_state.parameter(key) for key, row in page_state.SETTINGS.items() if page in row.pages}
    names |= {name for name, its_page in page_state.LINK_ONLY.items() if its_page == page}
    chosen = draw(st.lists(st.sampled_from(sorted(names - {None}) or ["text"]), max_size=7, unique=True))
    found = {name: draw(_parameter(name, models, texts)) for name in chosen}
    if draw(st.integers(0, 9)) == 0:
        found[draw(odd_texts.filter(bool))] = draw(odd_words)
    return {name: value for name, value in found.items() if _can_be_sent(name + value)}


def _parameter(name: str, models: list[str], texts: list[str]) -> st.SearchStrategy[str]:
    if name in ("model", "run", "other", "others", "beside"):
        several = st.lists(st.sampled_from(models), min_size=1, max_size=6).map(",".join)
        return st.one_of(st.sampled_from(models), several, odd_texts)
    if name == "corpus":
        return st.sampled_from(texts) | odd_texts
    rows = [row for key, row in page_state.SETTINGS.items() if page_state.parameter(key) == name]
    choices = [str(choice) for row in rows if isinstance(row.choices, tuple | dict) for choice in row.choices]
    if name in ("length", "samples"):
        return _LIKELY[name]
    return _LIKELY.get(name, st.sampled_from(choices or ["1"])) | odd_words


def _can_be_sent(words: str) -> bool:
    """Whether a browser can send it: an address is UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in words)


# JSON


@st.composite
def mutated(draw: Draw, data: Any) -> Any:
    """JSON with one value replaced, one key left out or one key more."""
    if isinstance(data, dict) and data and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(data)))
        change = draw(st.integers(0, 11))
        if change == 0:
            return {key: value for key, value in data.items() if key != name}
        if change == 1:
            return data | {draw(odd_texts): draw(odd_json)}
        return data | {name: draw(mutated(data[name]))}
    if isinstance(data, list) and data and draw(st.booleans()):
        place = draw(st.integers(0, len(data) - 1))
        return [*data[:place], draw(mutated(data[place])), *data[place + 1 :]]
    return draw(_like(data) if draw(st.booleans()) else odd_json)


def _like(value: Any) -> st.SearchStrategy:
    """Other values of a value's own type: what a check of types alone would accept."""
    if isinstance(value, bool):
        return st.just(not value)
    if isinstance(value, int):
        near = st.sampled_from(
            [-value, value - 1, value + 1, value * 10, 0, 1, 2, 3, 5, 10**6, 10**13, 2**31, 2**63]
        )
        return near | st.integers()
    if isinstance(value, float):
        return st.sampled_from([-value, value + 1, value * 10, 0.0, 1e-300, 0.999, 1e5, 1e12]) | st.floats()
    if isinstance(value, str):
        pieces = st.sampled_from(WORDS) | st.text(max_size=5)
        return odd_texts | pieces.map(lambda piece: value + piece) | pieces.map(lambda piece: piece + value[1:])
    if isinstance(value, list):
        return st.lists(odd_texts, max_size=4)
    return odd_json


def dumped(data: Any) -> bytes:
    """JSON as a program might write it that checks nothing: with NaN, and with halves of surrogate pairs."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
