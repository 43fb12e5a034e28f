"""Compare what two checkouts of CharLab do, byte for byte: for changes that move code and must change no result.

    python -m benchmarks.compare_checkouts OLD_CHECKOUT [NEW_CHECKOUT]

Each check runs one command line, `python -m charlab ...`, in both checkouts and compares what came out; no module
of either is imported, so that modules may move. It prints a line a check, and of every difference the first
place. The exit status is 1 where anything differs, or where a command fails in either checkout.

What is compared, and what is left out (and everywhere what older checkouts lack, `ADDED`):

- `generate`, `explain` and `evaluate --json` of the five starters: the whole document but
  `characters_per_second`. `evaluate` reads the last tenth of Reber's strings, which are made on this machine, and
  the first 20,000 characters of Tiny Shakespeare where CHARLAB_CORPORA names a folder that has it.
- `presets --json`: all but `title` and `about`. `corpora --json`: all but `title`, `about` and `licence`.
- the bundle of quick-gru: which files are in it, the name, type, shape and bytes of every array, and all of the
  JSON but the run's `name` and `notes` (words) and `versions`. Of the model card, which is words, only that it is
  there.
- the scripts exported from quick-gru and mini-gpt: the code as Python parses it, so without comments and layout.
  Docstrings, which tell the corpus and the run's name, are left out, and so is the wording of messages: the
  literal text in what is printed, raised or given to sys.exit, and in arguments called `help` or `description`.
  The values put into a message stay. Known difference: since the alphabet's limit is a setting, scripts have it as
  a constant, leave unknown characters out of the training loss, and refuse a text that they can hardly read.
- `train --json` of a tiny network of each kind for ten steps on coin flips: the results but the run's name, the
  speed, the times and the sentences (`notes`, `diagnosis`); and the arrays of its bundle. Known difference: the
  last digits of the Transformer, since Muon's graph is smaller, Grappler is off, and it is evaluated in parts.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTERS = ("quick-gru", "small-gru", "best-gru", "mini-gpt", "ngram")
TEXT = "ROMEO:\nBut soft, what light through yonder window breaks? Né 42!\n"
WRITING = {
    "as it stands": (),
    "temperature 0": ("--temperature", "0", "--seed-text", "ROMEO:"),
    "3 samples, top-k, top-p": (
        "--samples", "3", "--top-k", "12", "--top-p", "0.9", "--seed", "7", "--temperature", "0.8"
    ),
    "3,000 characters": ("--length", "3000", "--seed", "3"),
}  # fmt: skip
SCRIPTS = ("quick-gru", "mini-gpt")
_TINY = ("units=8", "layers=1", "batch_size=8", "sequence_length=8", "steps_per_epoch=10")
TRAINED = {
    "a GRU": ("quick-gru", "embedding=4", *_TINY),
    "an LSTM": ("cloud-tpu-lstm", "embedding=4", *_TINY),
    "a Transformer": ("mini-gpt", "heads=2", "context=8", *_TINY),
    "n-grams": ("ngram",),
}
SPEED = frozenset({"characters_per_second"})
TIMES = SPEED | {"seconds", "run", "steps_per_second"}
SENTENCES = frozenset({"notes", "diagnosis"})  # words on a run, which older checkouts do not put into its document
WORDS = {"presets": frozenset({"title", "about"}), "corpora": frozenset({"title", "about", "licence"})}
IN_BUNDLE = frozenset({"name", "notes", "versions"})
# Settings, which change nothing by default, and figures that older checkouts lack.
ADDED = frozenset({"split", "val_error", "standard_error_nats", "standard_error_bits"})
ADDED |= {"alphabet_limit", "coverage", "train_loss_after", "added"}


class Failed(Exception):
    """A command that ended with an error, in its own words."""


@dataclass
class Checkout:
    """One of the two, with folders of its own for runs and cached texts, so that neither sees the other's."""

    root: Path
    folder: Path

    def run(self, *arguments: str) -> str:
        """What `python -m charlab ARGUMENTS` writes to standard output."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment |= {
            "CHARLAB_RUNS": str(self.folder / "runs"),
            "CHARLAB_CACHE": str(self.folder / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        ended = subprocess.run(
            [sys.executable, "-m", "charlab", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if ended.returncode:
            said = ended.stderr.strip().splitlines() or ["nothing"]
            raise Failed(f"exit status {ended.returncode}: {said[-1]}")
        return ended.stdout

    def document(self, *arguments: str, without: frozenset[str] = frozenset()) -> Any:
        """The JSON document of a command, without some keys at whatever depth."""
        lines = self.run(*arguments, "--json").strip().split("\n")  # a text may hold other line ends
        if len(lines) != 1:
            raise Failed(f"{len(lines)} lines on standard output where --json promises one document")
        return drop(json.loads(lines[0]), without | ADDED)

    def exported(self, model: str, form: str, suffix: str) -> Path:
        target = self.folder / f"{model}{suffix}"
        self.run("export", model, "--format", form, "--to", str(target))
        return target


Check = Callable[[Checkout], Any]  # what it takes from a checkout, as something that can be compared


# The checks


def checks(corpora: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, Check]]:
    """Every check and its name; `corpora` are the texts that `evaluate` reads, and the options that say so."""
    for name in ("presets", "corpora"):
        yield name, lambda at, name=name: at.document(name, without=WORDS[name])
    for model in STARTERS:
        for how, options in WRITING.items():
            yield (
                f"generate {model}, {how}",
                lambda at, m=model, o=options: at.document("generate", m, *o, without=SPEED),
            )
        yield f"explain {model}", lambda at, m=model: at.document("explain", m, "--text", TEXT)
        for corpus, options in corpora.items():
            yield f"evaluate {model} on {corpus}", lambda at, m=model, o=options: at.document("evaluate", m, *o)
    yield "bundle of quick-gru", lambda at: bundle(at.exported("quick-gru", "bundle", ".charlab.zip"))
    for model in SCRIPTS:
        yield f"script of {model}", lambda at, m=model: code(at.exported(m, "script", ".py").read_text("utf-8"))
    for kind, settings in TRAINED.items():
        yield f"train {kind}", lambda at, s=settings: trained(at, *s)


def trained(at: Checkout, preset: str, *settings: str) -> dict[str, Any]:
    """A tiny run's results and arrays."""
    changes = [part for setting in settings for part in ("--set", setting)]
    budget = () if preset == "ngram" else ("--epochs", "1")
    results = at.document("train", "--corpus", "coin-flips", "--preset", preset, *budget, *changes)
    arrays = {
        name: member
        for name, member in bundle(at.exported(results["run"], "bundle", ".charlab.zip")).items()
        if name.endswith(".safetensors")
    }
    return {"results": drop(results, TIMES | SENTENCES), "arrays": arrays}


def bundle(path: Path) -> dict[str, Any]:
    """A bundle's members: arrays by name, and JSON without what is words."""
    result: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            data = archive.read(name)
            if name.endswith(".safetensors"):
                result[name] = arrays(data)
            elif name.endswith(".json"):
                result[name] = drop(json.loads(data), IN_BUNDLE | ADDED)
            elif name.endswith(".jsonl"):
                result[name] = [drop(json.loads(line), IN_BUNDLE | ADDED) for line in data.splitlines()]
            else:
                result[name] = None  # words: it has to be there, and may read as it likes
    return result


def arrays(data: bytes) -> dict[str, Any]:
    """The arrays of a safetensors file, by its format: eight bytes of length, a header in JSON, numbers."""
    (length,) = struct.unpack("<Q", data[:8])
    header, numbers = json.loads(data[8 : 8 + length]), data[8 + length :]
    result = {}
    for name, about in sorted(header.items()):
        if name != "__metadata__":
            first, end = about["data_offsets"]
            result[name] = {"dtype": about["dtype"], "shape": about["shape"], "numbers": numbers[first:end]}
    return result


def drop(document: Any, keys: frozenset[str]) -> Any:
    """A document without some keys, at whatever depth they stand."""
    if isinstance(document, dict):
        return {key: drop(value, keys) for key, value in document.items() if key not in keys}
    if isinstance(document, list):
        return [drop(value, keys) for value in document]
    return document


# Code without its words


def code(source: str) -> list[str]:
    """A program's lines as Python parses it, without comments, docstrings and the wording of messages."""
    return ast.unparse(ast.fix_missing_locations(_WithoutWords().visit(ast.parse(source)))).splitlines()


class _WithoutWords(ast.NodeTransformer):
    def _without_docstring(self, node: ast.AST) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _without_docstring

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if ast.unparse(node.func) in ("print", "sys.exit"):
            node.args = [_without_wording(argument) for argument in node.args]
        for keyword in node.keywords:
            if keyword.arg in ("help", "description"):
                keyword.value = _without_wording(keyword.value)
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args = [_without_wording(argument) for argument in node.exc.args]
        return self.generic_visit(node)


def _without_wording(node: ast.expr) -> ast.expr:
    """A message with its literal text emptied; the values in it, and how they are formatted, stay."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant("")
    if isinstance(node, ast.JoinedStr):
        return ast.JoinedStr([part for part in node.values if isinstance(part, ast.FormattedValue)])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ast.BinOp(_without_wording(node.left), node.op, _without_wording(node.right))
    return node


# Comparing


def first_difference(old: Any, new: Any, place: str = "") -> str | None:
    """Where two documents differ first, and what stands there; None where they are the same to the last bit."""
    here = place or "the document"
    if type(old) is not type(new):
        return f"{here}: {_short(old)} -> {_short(new)}"
    if isinstance(old, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                return f"{place}/{key}: only in the {'old' if key in old else 'new'} one"
            if found := first_difference(old[key], new[key], f"{place}/{key}"):
                return found
        return None if list(old) == list(new) else f"{here}: its keys are in another order"
    if isinstance(old, list):
        for number, (ours, theirs) in enumerate(zip(old, new, strict=False)):
            if found := first_difference(ours, theirs, f"{place}/{number}"):
                return found
        return None if len(old) == len(new) else f"{here}: {len(old)} entries -> {len(new)}"
    if isinstance(old, str | bytes) and old != new:
        return f"{here}: {_where_apart(old, new)}"
    return None if repr(old) == repr(new) else f"{here}: {old!r} -> {new!r}"


def _where_apart(old: str | bytes, new: str | bytes) -> str:
    place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    unit = "character" if isinstance(old, str) else "byte"
    around = slice(max(0, place - 10), place + 40) if max(len(old), len(new)) > 80 else slice(None)
    return f"from {unit} {place} on: {_short(old[around])} -> {_short(new[around])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def compare(check: Check, old: Checkout, new: Checkout) -> str | None:
    """The first difference of a check; a command that fails, in either checkout or in both, is one."""
    results = []
    for title, checkout in (("old", old), ("new", new)):
        try:
            results.append(check(checkout))
        except Failed as error:
            return f"the {title} checkout fails: {error}"
    return first_difference(*results)


def main(arguments: list[str] | None = None) -> int:
    """Compare; 0 where all is the same, 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="the checkout from before")
    parser.add_argument("new", type=Path, nargs="?", default=Path(), help="the one to check; without it, this one")
    parser.add_argument("--only", default="", metavar="WORDS", help="checks whose names contain this")
    options = parser.parse_args(arguments)
    for root in (options.old, options.new):
        if not (root / "charlab").is_dir():
            parser.error(f"{str(root)!r} is no checkout of CharLab: there is no folder charlab in it.")
    with tempfile.TemporaryDirectory(prefix="charlab-compare-") as folder:
        old = Checkout(options.old.resolve(), Path(folder, "old"))
        new = Checkout(options.new.resolve(), Path(folder, "new"))
        for checkout in (old, new):
            checkout.folder.mkdir()
        chosen = [(name, check) for name, check in checks(_texts(Path(folder))) if options.only in name]
        if not chosen:
            parser.error(f"No check's name contains {options.only!r}.")
        return _report(chosen, old, new)


def _report(chosen: list[tuple[str, Check]], old: Checkout, new: Checkout) -> int:
    differing, began = 0, time.perf_counter()
    print("| check | result | first difference |\n|---|---|---|")
    for name, check in chosen:
        found = compare(check, old, new)
        differing += found is not None
        print(f"| {name} | {'differs' if found else 'same'} | {(found or '').replace('|', '¦')} |", flush=True)
    seconds = time.perf_counter() - began
    print(f"\n{len(chosen)} checks in {seconds:.0f} seconds: {differing or 'none'} of them differ.")
    return 1 if differing else 0


def _texts(folder: Path) -> dict[str, tuple[str, ...]]:
    """What `evaluate` reads, and the options that say so."""
    result = {"reber": ("--corpus", "reber")}
    shakespeare = Path(os.environ.get("CHARLAB_CORPORA") or folder) / "shakespeare.txt"
    if shakespeare.is_file():
        cut = folder / "shakespeare-beginning.txt"
        cut.write_text(shakespeare.read_text("utf-8")[:20_000], encoding="utf-8")
        result["20,000 characters of shakespeare"] = ("--corpus", str(cut), "--split", "all")
    else:
        print("CHARLAB_CORPORA names no folder with shakespeare.txt: `evaluate` reads Reber's strings alone.\n")
    return result


if __name__ == "__main__":
    sys.exit(main())
