"""Exports of a reading: its steps as CSV, and a self-contained printable HTML page.

Everything that comes from a person or a model is escaped here.
"""

from __future__ import annotations

import csv
import io
import re
from html import escape

import numpy as np

from charlab.core.display import in_line, isolated, named, visible, visible_text
from charlab.core.reading import Reading
from charlab.core.vocab import Vocab
from charlab.corpora import coverage
from charlab.errors import CharlabError
from charlab.explain.step_records import step_records

MAX_LENGTH = 5000  # characters on a page
MOST_SURPRISING = 10
_MOST_LIKELY = 5
_BEFORE = 16  # characters shown before a surprising one
_DEEPEST_BITS = 8.0  # and more have the deepest of _SHADES colours
_SHADES = 10
_APART = re.compile("[\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")  # halves of flags, and skin tones
_COLUMNS = (
    "position",
    "after",
    "character",
    "surprise, bits",
    "probability",
    "rank",
    "most likely, with probabilities",
)


def steps_csv(reading: Reading, vocab: Vocab, top: int = _MOST_LIKELY) -> str:
    """A reading as CSV: each position with its character, the values of that, and the most likely ones there.

    Position 1 is the first character, for which there is no prediction; the last row is the prediction after the
    end. `after` is the character before. Every character is in curly quotes, “=” or “↵ newline”, so that no cell
    starts with a sign that a spreadsheet would take for a formula, and none is read as a number or lost as blank.
    Invisible characters are written as on the pages; a character that is not in the alphabet has no values.
    """
    output = io.StringIO()
    table = csv.writer(output, lineterminator="\r\n")
    table.writerow(
        ["position", "after", "character", "probability", "bits", "rank", "entropy_bits"]
        + [f"{name}_{place}" for place in range(1, top + 1) for name in ("likeliest", "probability")]
    )
    table.writerow([1, "", _quoted(reading.text[0])] + [""] * (4 + 2 * min(top, len(vocab))))
    for step in step_records(reading, vocab, top):
        row = [
            step["position"] + 2,
            _quoted(step["character"]),
            _quoted(step["next"]) if step["next"] else "",
            _number(step["probability"]),
            _number(step["bits"]),
            step["rank"] or "",
            _number(step["entropy_bits"]),
        ]
        for character, probability in step["top"]:
            row += [_quoted(character), _number(probability)]
        table.writerow(row)
    return output.getvalue()


def page_html(model: str, corpus: str, reading: Reading, vocab: Vocab) -> str:
    """A reading as one printable HTML page: the coloured text, its values, its greatest surprises.

    `model` and `corpus` are names to print. The page runs no script and fetches nothing; light, dark and print
    are CSS. Raises CharlabError for a text of more than MAX_LENGTH characters.
    """
    if len(reading.text) > MAX_LENGTH:
        raise CharlabError(
            f"A printable page holds at most {MAX_LENGTH:,} characters. Received {len(reading.text):,}. "
            "Shorten the text."
        )
    mean = reading.mean_bits
    known = int((~np.isnan(reading.bits)).sum())
    covered = coverage.of_prompt(reading.text, vocab).sentence()
    unit = vocab.unit
    summary = f"Mean surprise {mean:.2f} bits per {unit}" if known else f"No {unit} could be predicted"
    return _PAGE.format(
        style=_STYLE,
        model=escape(model),
        corpus=escape(corpus),
        mean=summary,
        unit=unit,
        known=f"{known:,}",
        length=f"{len(reading.text):,}",
        columns="".join(f"<th>{name}</th>" for name in _columns(vocab)),
        coverage=f"<p>{escape(covered)}</p>" if covered else "",
        legend="".join(f'<i class="s{shade}"></i>' for shade in range(_SHADES)),
        strip=_strip(reading),
        surprises=_surprises(reading, vocab),
    )


def _columns(vocab: Vocab) -> list[str]:
    return [vocab.unit if name == "character" else name for name in _COLUMNS]


def _strip(reading: Reading) -> str:
    """The text, one span per character: its colour shows its surprise, and its title tells the values.

    An accent is drawn on its letter, so its colour is a band at the letter's foot.
    """
    forms = visible_text(reading.text)
    on_letter = [form == c != visible(c) for form, c in zip(forms, reading.text, strict=True)] + [False]
    shades = [None, *(None if np.isnan(bits) else _shade(bits) for bits in reading.bits)]
    cells = []
    for position, character in enumerate(reading.text):
        marks = [] if on_letter[position] else _run_after(on_letter, position)
        kinds = ["apart"] if len(forms[position]) > 2 or _APART.match(character) else []
        if forms[position] != character == forms[position][-1]:
            kinds.append("circled")
        if shades[position] is not None and not on_letter[position]:
            kinds.append(f"s{shades[position]}")
        side = "left" if isolated(character) != character else "right"
        band = f' style="{_band([shades[mark] for mark in marks], side)}"' if marks else ""
        title = escape("\n".join(_in_words(reading, place) for place in (position, *marks)))
        of_class = f' class="{" ".join(kinds)}"' if kinds else ""
        cells.append(f'<span{of_class}{band} title="{title}">{escape(forms[position])}</span>')
        if character == "\n":
            cells.append("<br>")
    return "".join(cells)


def _run_after(flags: list[bool], place: int) -> list[int]:
    """The places right after one for as long as their flags are set."""
    end = flags.index(False, place + 1)
    return list(range(place + 1, end))


def _band(shades: list[int | None], side: str) -> str:
    """A style: the colours of a letter's accents next to each other at its foot, towards one side."""
    parts = []
    for number, shade in enumerate(shades):
        paint = "transparent" if shade is None else f"var(--s{shade})"
        parts.append(f"{paint} {100 * number // len(shades)}% {100 * (number + 1) // len(shades)}%")
    return f"background-image: linear-gradient(to {side}, {', '.join(parts)})"


def _in_words(reading: Reading, index: int) -> str:
    name = f"Position {index + 1}, “{named(reading.text[index])}”"
    if index == 0:
        return f"{name}: no prediction: nothing was read before it"
    bits, probability = reading.bits[index - 1], reading.next_probabilities[index - 1]
    if np.isnan(bits):
        return f"{name}: not in the model's alphabet"
    return f"{name}: {bits:.2f} bits, probability {in_percent(probability)}, rank {reading.ranks[index - 1]:.0f}"


def _surprises(reading: Reading, vocab: Vocab) -> str:
    """Rows of the most surprising characters, the greatest surprise first."""
    rows = []
    for position in reading.most_surprising(MOST_SURPRISING):
        t = position - 1  # the step before it
        best = np.argsort(-reading.probabilities[t], kind="stable")[:_MOST_LIKELY]
        shares = {named(vocab.alphabet[i]): in_percent(reading.probabilities[t, i]) for i in best}
        most_likely = "".join(f"<li><b>{escape(name)}</b> {escape(share)}</li>" for name, share in shares.items())
        before = in_line(reading.text[max(0, t + 1 - _BEFORE) : t + 1])
        cells = [
            f"{t + 2:,}",
            f"<code>{escape(before)}</code>",
            f"<code>{escape(named(reading.text[t + 1]))}</code>",
            f"{reading.bits[t]:.2f}",
            _written_out(reading.next_probabilities[t]),
            f"{reading.ranks[t]:.0f}",
            f"<ol>{most_likely}</ol>",
        ]
        named_cells = zip(_columns(vocab), cells, strict=True)
        rows.append(
            "<tr>" + "".join(f'<td data-name="{name}">{cell}</td>' for name, cell in named_cells) + "</tr>"
        )
    return "\n".join(rows)


def in_percent(probability: float) -> str:
    """A probability in per cent, in a sentence: "12.8%", "<0.1%"."""
    return "<0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"


def _written_out(probability: float) -> str:
    """A probability in per cent to two significant digits, without an exponent: "0.00082%"."""
    return np.format_float_positional(100 * probability, 2, fractional=False, trim="-") + "%"


def _shade(bits: float) -> int:
    return min(_SHADES - 1, int(bits / _DEEPEST_BITS * _SHADES))


def _quoted(character: str | None) -> str:
    return f"“{named(character)}”" if character else "not in the alphabet"


def _number(value: float | None) -> str:
    """Six significant digits; empty if there is no value. No value is negative, so none starts with a minus."""
    return "" if value is None else f"{abs(value):.6g}"


def _shades(papers: str, inks: str) -> str:
    """One CSS rule per shade: the paper behind a character, and an ink that is readable on it."""
    pairs = list(enumerate(zip(papers.split(), inks, strict=True)))
    names = " ".join(f"--s{shade}: {paper};" for shade, (paper, _) in pairs)
    rules = (f".s{shade} {{ background-color: {paper}; color: {_INKS[ink]}; }}" for shade, (paper, ink) in pairs)
    return f":root {{ {names} }} {' '.join(rules)}"


# The sequential colours of the app (.streamlit/config.toml), and which of two inks is readable on each.
_INKS = {"d": "#12161c", "l": "#ffffff"}
_LIGHT = _shades("#fcfcfb #e3ebf5 #c9d9ee #aac4e5 #87abd9 #6490cb #4274ba #2a5aa1 #193f7d #0a2450", "ddddddllll")
_DARK = _shades("#12161c #162437 #1a3353 #204470 #29578e #3567a2 #548bcb #79a9e1 #a6c8f1 #d8e8fc", "lllllldddd")
# Fonts by name for what the system's own may lack: each character is drawn by the first that has it.
_SCRIPTS = ", ".join(
    f'"{font}"'
    for font in (
        *(f"Noto Sans {script}" for script in ("Arabic", "Hebrew", "Devanagari", "Thai", "CJK SC")),
        "PingFang SC",
        "Microsoft YaHei",
        "Apple Color Emoji",
        "Segoe UI Emoji",
        "Noto Color Emoji",
    )
)
_FONT = f'system-ui, "Noto Sans", {_SCRIPTS}, sans-serif'
_FIXED_WIDTH = f'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", {_SCRIPTS}, monospace'
_STYLE = f"""
:root {{ color-scheme: light dark; --ink: #1b232e; --paper: #fcfcfb; --line: #d5dae0; --quiet: #5c6672; }}
body {{ font: 1rem/1.5 {_FONT}; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper); font-variant-numeric: tabular-nums; }}
h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }}
small, .quiet {{ color: var(--quiet); }}
code, .text {{ font-family: {_FIXED_WIDTH}; }}
.text {{ font-size: 1.1rem; line-height: 1.9; overflow-wrap: anywhere; direction: ltr;
  unicode-bidi: plaintext; text-align: start; }}
.text span {{ padding: .1em 0; border-radius: 2px;
  background-position: bottom; background-repeat: no-repeat; background-size: 100% .3em; }}
.text .circled {{ font-family: {_FONT}; padding-right: .3em; }}
.text .apart {{ unicode-bidi: isolate; }}
.legend {{ display: flex; align-items: center; flex-wrap: wrap; gap: .5rem; font-size: .85rem; }}
.legend span {{ display: flex; border: 1px solid var(--line); }}
.legend i {{ width: 1rem; height: .8rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
  border-bottom: 1px solid var(--line); }}
td code {{ unicode-bidi: isolate; white-space: nowrap; }}
ol {{ margin: 0; padding: 0; list-style: none; }}
li {{ display: inline-block; margin-right: .9rem; white-space: nowrap; unicode-bidi: isolate; }}
li b {{ font-family: {_FIXED_WIDTH}; unicode-bidi: isolate; }}
.text, .legend {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
tr {{ break-inside: avoid; }}
{_LIGHT}
@media screen and (prefers-color-scheme: dark) {{
:root {{ --ink: #e4e8ed; --paper: #12161c; --line: #323b47; --quiet: #9aa4b1; }}
{_DARK}
}}
@media screen and (max-width: 40rem) {{
thead {{ display: none; }}
tr {{ display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }}
td {{ display: block; border: 0; padding: 0; }}
td::before {{ content: attr(data-name) ": "; color: var(--quiet); }}
td code {{ white-space: normal; overflow-wrap: anywhere; }}
ol {{ display: inline; }}
}}
@media print {{ body {{ margin: 0; max-width: none; }} }}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What a model predicted</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>What a model predicted</h1>
<p>The model <b><bdi>{model}</bdi></b>, trained on <b><bdi>{corpus}</bdi></b>, read this text from its first
{unit} to its last. At each position it gave every possible next {unit} a probability. The less likely the
actual {unit}, the greater the surprise: −log<sub>2</sub> of its probability, in bits.</p>
<p><b>{mean}</b>, for the {known} of {length} {unit}s that have a prediction.</p>
{coverage}
<div class="legend">0 bits: expected <span>{legend}</span> 8+ bits: surprising</div>
<p class="text" dir="ltr">{strip}</p>
<p class="quiet"><small>Point at a {unit} to see its values. “·” is a space, “↵” the end of a line.
</small></p>
<h2>Most surprising {unit}s</h2>
<div class="wide"><table>
<thead><tr>{columns}</tr></thead>
<tbody>
{surprises}
</tbody></table></div>
<p class="quiet"><small>Made with CharLab.</small></p>
</main>
</body>
</html>
"""
