"""What is done with hostile inputs: every page and command that meets them, and the names of how each ended."""

from __future__ import annotations

import math
import shutil
import unicodedata
from pathlib import Path
from typing import Any

from charlab.corpora import catalogue, uploads
from charlab.errors import CharlabError
from charlab.export import bundle
from charlab.runs import plan, store
from charlab.runs.permissions import OPERATOR
from helpers import hostile_files, odd_texts
from helpers.pages import open_page, open_popover
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.sandbox import Answer, Fault, Sandbox, command
from helpers.tiny import make_run, ngram_run

VIEWS = ("read", "write with it", "inside", "over training")


class Bench:
    """A sandbox with models, texts and files in it, made once and used for many inputs."""

    def __init__(self, root: Path) -> None:
        self.sandbox = Sandbox(root)
        with self.sandbox.entered():
            kinds = ("gru", "lstm", "transformer")
            runs = [hostile_files.with_events(make_run(kind, name=kind, best_epoch=1, step=10)) for kind in kinds]
            counted = hostile_files.with_events(ngram_run())
            paused = ngram_run()
            paused.write_status(store.Status("paused"))
            self.models = [*kinds, "counted", "paused"]
            for run, name in zip((*runs, counted, paused), self.models, strict=True):
                run.path.rename(self.sandbox.runs / name)
            for name, data in self._texts().items():
                (self.sandbox.here / name).write_bytes(data)
            # Read from the current folder: without it, the pages would be those of a class.
            shutil.copytree(ROOT / ".streamlit", self.sandbox.here / ".streamlit")
            packed = bundle.pack(store.find("gru"))
            (self.sandbox.here / "model.zip").write_bytes(packed)
            (self.sandbox.here / "cut.zip").write_bytes(packed[:-99])
            self.kept = catalogue.store(uploads.read_pasted(odd_texts.sentences("greek", 2_500)))
        self.texts = [*self._texts(), self.kept, "coin-flips", "text-0123456789abcdef", "folder", "nowhere.txt"]
        self.files = ["model.zip", "cut.zip", "english.txt", "folder", "nowhere.zip", "../runs", "empty.txt"]
        (self.sandbox.here / "folder").mkdir()
        self._before = self._copies()

    @staticmethod
    def _texts() -> dict[str, bytes]:
        made = {
            f"{name}.txt": odd_texts.sentences(name, 2_400).encode() for name in ("english", "chinese", "arabic")
        }
        made["koi8.txt"] = odd_texts.sentences("russian", 2_400).encode("koi8_r")
        return made | {"short.txt": b"Too short.", "empty.txt": b"", "zeros.txt": bytes(3_000)}

    def _copies(self) -> Path:
        copies = self.sandbox.outside.parent / "copies"
        for folder in (self.sandbox.runs, self.sandbox.cache, self.sandbox.here):
            shutil.copytree(folder, copies / folder.name)
        return copies

    def renew(self) -> None:
        """Everything as it was at first."""
        sandbox = self.sandbox
        for folder in (sandbox.runs, sandbox.cache, sandbox.here, sandbox.temporary):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for folder in (sandbox.runs, sandbox.cache, sandbox.here):
            shutil.copytree(self._before / folder.name, folder, dirs_exist_ok=True)


def run_command(bench: Bench, words: list[str]) -> str:
    """A command; what it left behind is looked at. Returns how it ended."""
    sandbox = bench.sandbox
    before = {run.id for run in all_runs()}
    answer = command(sandbox, *words)
    _check_leftovers(sandbox)
    for run in all_runs():  # whatever a command makes can be read
        if run.id not in before or run.id in words:
            run.read(), run.events()
    if answer.code == 2 and {run.id for run in all_runs()} != before:
        raise Fault("It refuses, and leaves a run behind.")
    return {0: "done", 1: "ended", 2: "refused"}[answer.code]


def _check_leftovers(sandbox: Sandbox) -> None:
    left = [name for name in sandbox.names() if name.endswith(".tmp") or "/.import-" in name]
    if left or any(sandbox.temporary.iterdir()):
        raise Fault(f"It leaves {left or list(sandbox.temporary.iterdir())} behind.")


def open_link(bench: Bench, page: str, parameters: dict[str, str]) -> str:
    """A page at a link, and its main button. Returns how it ended."""
    with bench.sandbox.watched():
        app = open_page(page, **parameters)
    _check_page(app)
    if page == "playground" and "mode" not in parameters:
        for button in [button for button in app.button if button.label == "Generate" and not button.disabled]:
            with bench.sandbox.watched():
                button.click().run()
            _check_page(app)
    return "an error in words" if app.error else "shown"


def _check_page(app: Any) -> None:
    if app.exception:
        raise Fault(f"The page raises {[element.value for element in app.exception]}")


def use_text(bench: Bench, data: bytes, filename: str, encoding: str | None, normalise: bool) -> str:
    """A file as a text: read, stored, loaded again, and a run planned on it. Returns how it ended."""
    with bench.sandbox.watched():
        uploads.to_choose_first(data, filename)
        try:
            text = uploads.read_bytes(data, filename, encoding=encoding, normalise=normalise)
        except CharlabError:
            return "refused"
        stored = catalogue.load(catalogue.store(text))
        if (stored.text, stored.sha256) != (text.text, text.sha256):
            raise Fault("The text that was stored is not the one that was read.")
        _check_text(text, normalise)
        try:
            planned = plan.plan_run(text, "ngram")
        except CharlabError:
            return "read, no run"
        run = planned.create(OPERATOR)
        run.read()
        if len(plan.run_ids(run.config(), run.vocab())) > len(text.text):
            raise Fault("A run reads more characters than its text has.")
        store.delete(run)
    return "read"


def _check_text(text: uploads.Text, normalise: bool) -> None:
    text.text.encode("utf-8")
    bad = {c for c in text.text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"} | {
        c for c in text.text if c == "\ufeff"
    }
    if bad or len(text.text) < uploads.MINIMUM_CHARACTERS:
        raise Fault(f"An accepted text has {bad}, or {len(text.text)} characters.")
    if normalise and not unicodedata.is_normalized("NFC", text.text):
        raise Fault("An accepted text is not in NFC.")


def upload_text(bench: Bench, data: bytes, filename: str) -> str:
    """A file on the Train page, taken with its button. Returns how it ended."""
    with bench.sandbox.watched():
        app = open_popover(open_page("train"), "add_text")
    with bench.sandbox.watched():
        app.file_uploader(key="upload").set_value((filename, data, "text/plain")).run()
    _check_page(app)
    [button] = [button for button in app.button if button.label == "Use this text"]
    with bench.sandbox.watched():
        button.click().run()
    _check_page(app)
    return "an error in words" if app.error else "taken"


def import_bundle(bench: Bench, data: bytes) -> str:
    """A model file imported; where it is accepted, everything that can be done with its run. How it ended."""
    (bench.sandbox.here / "theirs.zip").write_bytes(data)
    answer = command(bench.sandbox, "import", "theirs.zip", "--json")
    _check_leftovers(bench.sandbox)
    if answer.code:
        return "refused"
    run_id = answer.document["run"]
    use_run(bench, run_id, VIEWS[len(data) % len(VIEWS)])
    return "imported"


def use_run(bench: Bench, run_id: str, view: str) -> None:
    """Every command and page on a run that was accepted; each has to work."""
    done = [
        command(bench.sandbox, *words)
        for words in (
            ("models", "--json"),
            ("generate", run_id, "--length", "12", "--samples", "2", "--json"),
            ("generate", run_id, "--weights", "last", "--length", "3", "--temperature", "0"),
            ("explain", run_id, "--text", "the fox\U0001f98a", "--json"),
            ("evaluate", run_id, "--corpus", "english.txt", "--json"),
            ("export", run_id, "--format", "bundle", "--to", "again.zip"),
            ("export", run_id, "--format", "csv", "--to", "again.csv"),
            ("import", "again.zip", "--json"),
        )
    ]
    for answer in done:
        if answer.code and not _may_be_refused(answer):
            raise Fault(f"{answer.words} is refused after the import was accepted: {answer.err}")
    listed = {row["name"] for row in done[0].document}
    if run_id not in listed:
        raise Fault("An imported model is not listed.")
    if not done[3].code:
        for step in done[3].document["steps"]:
            if not all(0 <= p <= 1 and math.isfinite(p) for _, p in step["top"]):
                raise Fault(f"Its probabilities are {step['top']}")
    use_pages(bench, run_id, view)


def _may_be_refused(answer: Answer) -> bool:
    """What the model's own kind or alphabet rules out."""
    words = ("has no weights 'last'", "can read", "alphabet", "too short")
    return any(word in answer.err for word in words)


def use_pages(bench: Bench, run_id: str, view: str) -> None:
    """The pages on a run, the Explainer in one of its views: none raises."""
    explained = {"model": run_id, "text": "the fox", "view": view}
    written = {"model": run_id, "write": "1", "length": "20"}
    for page, parameters in (("train", {"run": run_id}), ("playground", written), ("explainer", explained)):
        with bench.sandbox.watched():
            app = open_page(page, **parameters)
        _check_page(app)


def use_damaged(bench: Bench, damage: Any, page: str, number: int) -> str:
    """A run damaged, and a command and a page on it; another run works as before. How it ended."""
    run = hostile_files.with_events(make_run(name="damaged", best_epoch=1, step=10))
    damage(run)
    commands = (
        ("models", "--json"),
        ("generate", run.id, "--length", "5"),
        ("explain", run.id, "--text", "the", "--json"),
        ("evaluate", run.id, "--corpus", "english.txt"),
        ("export", run.id, "--format", "bundle", "--to", "made.zip"),
        ("export", run.id, "--format", "csv", "--to", "made.csv"),
        ("pause", run.id, "--wait", "0"),
        ("stop", run.id, "--wait", "0"),
    )
    chosen = (commands[0], commands[1 + number % 7])
    codes = [command(bench.sandbox, *words).code for words in chosen]
    if codes[0]:
        raise Fault("The list of models is refused because of one damaged run.")
    with bench.sandbox.watched():
        names = {"train": "run"}
        app = open_page(page, **({names.get(page, "model"): run.id} if page != "home" else {}))
    _check_page(app)
    sound = command(bench.sandbox, "generate", bench.models[0], "--length", "5")
    if sound.code:
        raise Fault("Another run no longer writes.")
    with bench.sandbox.watched():
        try:
            store.delete(run)
        except CharlabError:
            pass
    return "refused" if codes[1] or app.error else "used"
