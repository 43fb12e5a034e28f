"""Each error of the operating system has a sentence that names the folder and its variable, and an exit code."""

import errno
import os

import pytest

from charlab import folders, os_errors
from charlab.errors import CorpusError, RunError, UnavailableError
from charlab.os_errors import OUTPUT


def error(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.fixture
def places(tmp_path, monkeypatch) -> dict[str, str]:
    """CharLab's folders, the cache within the folder of runs."""
    found = {
        "CHARLAB_RUNS": tmp_path / "r",
        "CHARLAB_CACHE": tmp_path / "r" / "c",
        "CHARLAB_CORPORA": tmp_path / "t",
    }
    for variable, path in found.items():
        monkeypatch.setenv(variable, str(path))
    return {variable: str(path) for variable, path in found.items()}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "cannot be written: the disk is full. Make room, for example by deleting runs"),
        (errno.EROFS, "cannot be written: its file system is read-only. Set the environment variable"),
        (errno.EACCES, "cannot be used: permission denied. Change its permissions, or set"),
        (errno.ENOTDIR, "cannot be used: a part of this path is a file, not a folder. Set"),
        (errno.EEXIST, "cannot be used: it exists already and is not a folder. Set"),
        (errno.ENODEV, f"cannot be used: {os.strerror(errno.ENODEV)}. Set"),
    ],
)
def test_a_folder_is_named_with_its_variable(number, words, places):
    for variable, name in (("CHARLAB_RUNS", "runs folder"), ("CHARLAB_CACHE", "cache folder")):
        said = os_errors.sentence(error(number, places[variable]))
        assert (
            said.startswith(f"The {name} {places[variable]} {words}") and variable in said and said.endswith(".")
        )
        below = os_errors.sentence(error(number, os.path.join(places[variable], "x", "y")))
        assert below.startswith(os.path.join(places[variable], "x", "y")) and variable in below
        assert f"it is in the {name}, {places[variable]}" in below


def test_a_file_elsewhere_has_no_variable(places, tmp_path):
    said = os_errors.sentence(error(errno.EACCES, str(tmp_path / "letter.txt")))
    assert said == f"{tmp_path / 'letter.txt'} cannot be used: permission denied. Change its permissions."


def test_only_temporary_files_name_the_folder_of_temporary_files(monkeypatch, tmp_path):
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))
    for name in ("", "tmpabc"):
        assert "TMPDIR" in os_errors.sentence(error(errno.ENOSPC, str(tmp_path / name)))
    assert "TMPDIR" not in os_errors.sentence(error(errno.ENOSPC, str(tmp_path / "letter.txt")))
    nowhere = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    assert "TMPDIR" in os_errors.sentence(nowhere)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EPIPE, "has ended"), (errno.ENOSPC, "the disk is full"), (errno.EBADF, "standard output is closed")],
)
def test_the_output_is_no_file(number, words):
    said = os_errors.sentence(error(number, OUTPUT))
    assert said.startswith("The output could not be written: ") and words in said


def caused(problem: Exception, cause: Exception | None) -> Exception:
    problem.__cause__ = cause
    return problem


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (error(errno.ENOSPC), 1),
        (error(errno.ENOENT, "x"), 1),
        (MemoryError(), 1),
        (RuntimeError("... ; No space left on device"), 1),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 2),
        (RunError("A sentence."), 2),
        (caused(CorpusError("A sentence."), error(errno.EROFS)), 1),
        (caused(CorpusError("A sentence."), error(errno.EISDIR)), 2),
        (caused(UnavailableError("A sentence."), ConnectionRefusedError(errno.ECONNREFUSED, "refused")), 2),
        (caused(RunError("A sentence."), MemoryError()), 1),
    ],
)
def test_what_the_system_refuses_ends_with_1_and_what_was_asked_for_wrongly_with_2(problem, code):
    assert os_errors.sentence(problem) and os_errors.exit_code(problem) == code


def test_a_defect_has_no_sentence():
    assert os_errors.sentence(ZeroDivisionError("a defect")) is None


def test_an_error_gets_the_name_of_the_file_that_was_written():
    with pytest.raises(OSError, match="x") as found, os_errors.naming("folder/file"):
        raise OSError(errno.ENOSPC, "x")
    assert found.value.filename == "folder/file"
    with pytest.raises(OSError, match="x") as found, os_errors.naming("folder/file"):
        raise OSError(errno.ENOSPC, "x", "its own")
    assert found.value.filename == "its own"
