"""The export formats of a run, by name, and how each is created: here or in a worker process.

Imports no TensorFlow: formats that need it are created by `python -m charlab export`.
"""

from __future__ import annotations

import errno
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from charlab import os_errors
from charlab.core.config import KINDS, TRAINED
from charlab.core.predictor import Weights
from charlab.errors import ConfigError, RunError, UnavailableError
from charlab.export import bundle, bundle_validation, remote_files, script, targets
from charlab.runs import accelerators, subprocesses
from charlab.runs.permissions import OPERATOR
from charlab.runs.store import Run, RunConfig


@dataclass(frozen=True)
class Format:
    """`suffix` ends a download's file name: a SavedModel, which is a folder, is downloaded as a zip file."""

    name: str
    title: str
    about: str
    suffix: str
    mime: str
    needs_tensorflow: bool = False
    kinds: tuple[str, ...] = TRAINED  # of models that have this format
    for_labs: bool = False  # whether runs of labs have it, too


FORMATS = {
    form.name: form
    for form in (
        Format(
            "bundle", "model file",
            "Everything in one zip file, with a model card. Any other CharLab can import it.",
            ".charlab.zip", "application/zip", kinds=KINDS,
        ),
        Format(
            "page", "web page",
            "The model in one HTML file. It generates, explains and trains in any browser, without a network.",
            ".html", "text/html", kinds=KINDS,
        ),
        Format(
            "csv", "metrics (CSV)",
            "Losses and accuracies as a table, for a spreadsheet: one row per step or epoch.",
            ".csv", "text/csv", kinds=KINDS, for_labs=True,
        ),
        Format(
            "script", "Python script",
            "The same training as one program in plain TensorFlow, to read and run without CharLab.",
            ".py", "text/x-python", for_labs=True,
        ),
        Format(
            "keras", ".keras",
            "The network as a Keras file: ids in, logits out, for your own programs.",
            ".keras", "application/octet-stream", needs_tensorflow=True, for_labs=True,
        ),
        Format(
            "savedmodel", "SavedModel",
            "A TensorFlow function from text to the next character, for servers and other languages. Unpack the "
            "zip file first.",
            "-savedmodel.zip", "application/zip", needs_tensorflow=True,
        ),
    )
}  # fmt: skip


WriteKeras = Callable[[Path, RunConfig, Weights], None]
Script = Callable[[RunConfig], str]
Page = Callable[[Run, str], str]  # a run and the name of its weights -> HTML


def make(
    run: Run, name: str, lab_script: Script | None = None, page: Page | None = None, weights_name: str = "best"
) -> bytes:
    """The bytes of a format that needs no TensorFlow; `lab_script` writes the program of a lab's run, `page` a
    web page. Raises ConfigError where the run does not have it."""
    _check_of_lab(run, name)
    program = lab_script if run.config().task and lab_script else script.standalone
    makers: dict[str, Callable[[], bytes]] = {
        "bundle": lambda: bundle.pack(run),
        "csv": lambda: bundle.metrics_csv(run).encode("utf-8"),
        "script": lambda: program(run.config()).encode("utf-8"),
    }
    if page:
        makers["page"] = lambda: page(run, weights_name).encode("utf-8")
    if name not in makers:
        raise ConfigError(f"The format {name!r} needs a worker process. Formats without one: {', '.join(makers)}.")
    return makers[name]()


def export(
    run: Run,
    name: str,
    target: str,
    weights_name: str = "best",
    write_keras: WriteKeras | None = None,
    lab_script: Script | None = None,
    page: Page | None = None,
) -> None:
    """Write a run in a format to a path or an address; starts TensorFlow where the format needs it. Of a lab's
    run, `write_keras` writes the .keras file and `lab_script` the program; `page` writes a web page.

    A SavedModel is a folder, or a zip file of it where the target ends with .zip. Raises ConfigError,
    RunError, ModelError or UnavailableError, in a sentence.
    """
    if name not in FORMATS:
        raise ConfigError(f"There is no format {name!r}. Available formats: {', '.join(FORMATS)}.")
    _check_of_lab(run, name)
    is_folder = name == "savedmodel" and not target.lower().endswith(".zip")
    targets.check(target, is_folder)
    if not FORMATS[name].needs_tensorflow:
        targets.write(target, make(run, name, lab_script, page, weights_name))
        return
    if reason := accelerators.why_no_tensorflow():
        raise UnavailableError(reason)
    model, vocab, weights = run.config().model, run.vocab(), run.weights(weights_name)
    from charlab.training import export_keras  # starting TensorFlow takes seconds: errors come before

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / ("network.keras" if name == "keras" else "network")
        try:
            if write_keras:
                write_keras(made, run.config(), weights)
            elif name == "keras":
                export_keras.write_keras(made, model, vocab, weights)
            else:
                export_keras.write_saved_model(made, model, vocab, weights)
        except Exception as error:  # of Keras and TensorFlow, which say so in words of their own
            if os_errors.is_disk_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder) from error
            raise
        if is_folder:
            targets.write_folder(target, made)
        else:
            targets.write(target, _zipped(made) if made.is_dir() else made.read_bytes())


def _check_of_lab(run: Run, name: str) -> None:
    """Raises ConfigError where this is a lab's run and its format is one of language models."""
    if run.config().task and name in FORMATS and not FORMATS[name].for_labs:
        those = ", ".join(form.name for form in FORMATS.values() if form.for_labs)
        raise ConfigError(f"A run of a lab can be exported as {those}. Received: {name!r}.")


def make_in_worker(run: Run, name: str, time_limit: float = 300.0) -> bytes:
    """The bytes of a format that needs TensorFlow, from a separate process: about ten seconds. Raises
    UnavailableError."""
    if reason := accelerators.why_no_tensorflow():
        raise UnavailableError(reason)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"network{FORMATS[name].suffix}"
        words = ["export", str(run.path.resolve()), "--format", name, "--to", str(target)]
        try:
            subprocesses.document(*words, time_limit=time_limit)
            return target.read_bytes()
        except (UnavailableError, OSError) as error:
            raise UnavailableError(f"The {FORMATS[name].title} file could not be created: {error}") from error


def import_model(source: str) -> Run:
    """Import a model file (bundle) from a path or an address, for the command line."""
    if remote_files.is_address(source):
        data = remote_files.read(source)
        return bundle.unpack(data, remote_files.without_query(source), actor=OPERATOR)
    try:
        file = Path(source).open("rb")
    except (OSError, ValueError) as error:
        raise RunError(f"{source!r} cannot be read: {os_errors.reason(error)}.") from error
    with file:
        is_pipe = not file.seekable()  # which has to be read first
        return bundle.unpack(
            file.read(sum(bundle_validation.LIMITS.values()) + 1) if is_pipe else file, source, actor=OPERATOR
        )


def _zipped(folder: Path) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in remote_files.files_in(folder):
            archive.write(file, file.relative_to(folder).as_posix())
    return result.getvalue()
