"""What `pip install .` installs: every file, one list of requirements, a clear error if an extra is missing."""

import ast
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import charlab
from helpers.project import ROOT, parsed, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED, EXTRAS = PROJECT["dependencies"], PROJECT["optional-dependencies"]
# Imported here, installed by a package that is named, or under another name.
ALSO_INSTALLED = {"requests": "pooch", "aiohttp": "fsspec", "charset_normalizer": "charset-normalizer"}
# Whatever the extras bring, and what this brings in turn, as an environment that has none of it would see it.
WITHOUT_EXTRAS = """
import importlib.util, sys
missing = set({missing!r})
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name.split(".")[0] in missing else find_spec(name, *rest)
"""
THE_COMMAND = "from charlab.__main__ import main\nsys.exit(main())"
MISSING = (
    "tensorflow",
    "keras",
    "tensorboard",
    "streamlit",
    "pandas",
    "plotly",
    "fsspec",
    "aiohttp",
    "tokenizers",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The package as `pip install .` builds it, from the files of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel) -> Path:
    """A folder with the built package and nothing else of this checkout."""
    folder = wheel.parent / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, folder: Path, *arguments: str, program: str = THE_COMMAND) -> subprocess.CompletedProcess:
    """The installed command, or another program, in a folder and where none of the extras is installed."""
    ours = ("CHARLAB_", "PYTHON")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS.format(missing=MISSING) + program, *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(installed), "CHARLAB_CACHE": str(folder / "cache")},
        capture_output=True,
        encoding="utf-8",
    )


def test_the_package_has_every_file_of_its_folder(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "charlab").rglob("*") if path.is_file()}
    assert packed == {name for name in files if not name.endswith(".pyc")}
    starter = ("config.json", "vocab.json", "status.json", "weights/best.safetensors")
    for ending in ("/py.typed", "/script_parts/training.py", *(f"/quick-gru/{name}" for name in starter)):
        assert [name for name in packed if name.endswith(ending)], ending


def test_the_package_says_what_it_is(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        metadata, commands = (archive.read(about[name]).decode() for name in ("METADATA", "entry_points.txt"))
    assert f"\nVersion: {charlab.__version__}\n" in metadata
    assert "charlab = charlab.__main__:main" in commands


def test_the_command_writes_in_an_empty_folder(installed, tmp_path):
    result = run(installed, tmp_path, "generate", "quick-gru", "--seed-text", "ROMEO:", "--length", "40")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("ROMEO:") and len(result.stdout) == len("ROMEO:") + 40 + 1


@pytest.mark.parametrize(
    "arguments",
    [
        "models",
        "presets",
        "corpora",
        "explain quick-gru --text hello",
        "evaluate ngram --corpus coin-flips",
        "train --corpus coin-flips --preset ngram",
        "export quick-gru --format bundle --to model.charlab.zip",
        "export quick-gru --format script --to train.py",
    ],
)
def test_what_needs_none_of_the_extras(installed, tmp_path, arguments):
    result = run(installed, tmp_path, *arguments.split())
    assert result.returncode == 0, result.stderr
    assert result.stdout or list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        ("train --corpus coin-flips --preset quick-gru --epochs 1", "train"),
        ("accelerators", "train"),
        ("export quick-gru --format keras --to network.keras", "train"),
        ("export quick-gru --format bundle --to memory://model.charlab.zip", "remote"),
        ("evaluate quick-gru --corpus https://example.org/text.txt", "remote"),
    ],
)
def test_a_missing_extra_is_named(installed, tmp_path, arguments, extra):
    result = run(installed, tmp_path, *arguments.split())
    assert result.returncode == 2
    assert result.stderr.startswith("charlab: ") and "Traceback" not in result.stderr
    assert f'pip install "charlab[{extra}]"' in result.stderr
    assert not list(tmp_path.iterdir())  # no run that could not go on


def test_charts_without_plotly_say_what_to_install(installed, tmp_path):
    result = run(installed, tmp_path, program="import charlab.charts.base")
    assert 'ImportError: Charts need the package plotly: pip install "charlab[app]"' in result.stderr


def requirements(name: str) -> set[str]:
    """The requirements of a file, and of those it includes, as name, extras and versions."""
    found = set()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            found |= requirements(line.removeprefix("-r "))
        elif line:
            found.add(str(Requirement(line)))
    return found


@pytest.mark.parametrize(
    ("file", "extras"),
    [
        ("requirements.txt", ("train", "app", "remote", "labs")),
        ("requirements-dev.txt", ("train", "app", "remote", "labs", "dev")),
        ("requirements-bench.txt", ("train", "app", "remote", "labs", "bench")),
    ],
)
def test_requirements_are_those_of_the_project(file, extras):
    assert requirements(file) == {str(Requirement(r)) for r in sum((EXTRAS[extra] for extra in extras), NEEDED)}


def test_whatever_is_imported_is_required():
    named = {
        Requirement(r).name for r in sum((EXTRAS[extra] for extra in ("train", "app", "remote", "labs")), NEEDED)
    }
    imported = set()
    for path in python_files("charlab"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    ours = {ALSO_INSTALLED.get(name, name) for name in imported - sys.stdlib_module_names - {"charlab"}}
    assert "numpy" in ours
    assert ours - named == {"tensorboard"}  # written to where it is installed, and done without elsewhere
