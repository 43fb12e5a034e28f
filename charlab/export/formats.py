"""The export formats of a run, by name, and how each is created: here or in a worker process.

Imports no TensorFlow: formats that need it are created by `python -m charlab export`.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from charlab.core.config import KINDS, TRAINED
from charlab.errors import ConfigError, RunError, UnavailableError
from charlab.export import bundle, remote_files, script
from charlab.runs import accelerators, subprocesses
from charlab.runs.permissions import OPERATOR
from charlab.runs.store import Run


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


FORMATS = {
    form.name: form
    for form in (
        Format(
            "bundle", "model file",
            "Everything in one zip file, with a model card. Any other CharLab can import it.",
            ".charlab.zip", "application/zip", kinds=KINDS,
        ),
        Format(
            "csv", "metrics (CSV)",
            "Losses and accuracies as a table, for a spreadsheet: one row per step or epoch.",
            ".csv", "text/csv", kinds=KINDS,
        ),
        Format(
            "script", "Python script",
            "The same training as one program in plain TensorFlow, to read and run without CharLab.",
            ".py", "text/x-python",
        ),
        Format(
            "keras", ".keras",
            "The network as a Keras file: ids in, logits out, for your own programs.",
            ".keras", "application/octet-stream", needs_tensorflow=True,
        ),
        Format(
            "savedmodel", "SavedModel",
            "A TensorFlow function from text to the next character, for servers and other languages. Unpack the "
            "zip file first.",
            "-savedmodel.zip", "application/zip", needs_tensorflow=True,
        ),
    )
}  # fmt: skip


def make(run: Run, name: str) -> bytes:
    """The bytes of a format that needs no TensorFlow."""
    makers: dict[str, Callable[[], bytes]] = {
        "bundle": lambda: bundle.pack(run),
        "csv": lambda: bundle.metrics_csv(run).encode("utf-8"),
        "script": lambda: script.standalone(run.config()).encode("utf-8"),
    }
    if name not in makers:
        raise ConfigError(f"The format {name!r} needs a worker process. Formats without one: {', '.join(makers)}.")
    return makers[name]()


def export(run: Run, name: str, target: str, weights_name: str = "best") -> None:
    """Write a run in a format to a path or an address; starts TensorFlow where the format needs it.

    A SavedModel is a folder, or a zip file of it where the target ends with .zip. Raises ConfigError,
    RunError, ModelError or UnavailableError, in a sentence.
    """
    if name not in FORMATS:
        raise ConfigError(f"There is no format {name!r}. Available formats: {', '.join(FORMATS)}.")
    if not FORMATS[name].needs_tensorflow:
        _write(target, make(run, name))
        return
    if reason := accelerators.why_no_tensorflow():
        raise UnavailableError(reason)
    parts = (run.config().model, run.vocab(), run.weights(weights_name))
    from charlab.training import export_keras  # starting TensorFlow takes seconds: errors come before

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / ("network.keras" if name == "keras" else "network")
        if name == "keras":
            export_keras.write_keras(made, *parts)
        else:
            export_keras.write_saved_model(made, *parts)
        if made.is_dir() and not target.lower().endswith(".zip"):
            _write_folder(target, made)
        else:
            _write(target, _zipped(made) if made.is_dir() else made.read_bytes())


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
        with Path(source).open("rb") as file:
            return bundle.unpack(file, source, actor=OPERATOR)
    except (OSError, ValueError) as error:
        raise RunError(f"{source!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _write(target: str, data: bytes) -> None:
    if remote_files.is_address(target):
        remote_files.write(target, data)
        return
    try:
        path = Path(target)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except (OSError, ValueError) as error:
        raise _not_written(target, error) from error


def _write_folder(target: str, folder: Path) -> None:
    if remote_files.is_address(target):
        remote_files.write_folder(target, folder)
        return
    path = Path(target)
    if path.exists() and not (path / "saved_model.pb").exists() and (path.is_file() or any(path.iterdir())):
        raise RunError(f"{target!r} already exists and is not a SavedModel. Choose a new or empty folder.")
    try:
        for file in remote_files.files_in(folder):
            place = path / file.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    except (OSError, ValueError) as error:
        raise _not_written(target, error) from error


def _not_written(target: str, error: Exception) -> RunError:
    return RunError(f"{target!r} cannot be written: {getattr(error, 'strerror', None) or error}.")


def _zipped(folder: Path) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in remote_files.files_in(folder):
            archive.write(file, file.relative_to(folder).as_posix())
    return result.getvalue()
