"""The errors that people see.

Each message says what happened, what was received and what to do. Pages and the command line show the message of
a CharlabError unchanged; any other exception is a bug in CharLab.
"""

from pathlib import Path


class CharlabError(Exception):
    """A request that cannot be fulfilled; the message says why, and what would work."""


class ConfigError(CharlabError):
    """A setting has an invalid value."""


class CorpusError(CharlabError):
    """A text cannot be found, read or used for training."""


class DownloadError(CorpusError):
    """A text that is not on this machine cannot be downloaded now."""


class ModelError(CharlabError):
    """A model cannot be found, or its files are invalid."""


class RunError(CharlabError):
    """A run cannot be read, started, stopped or resumed."""


class UnavailableError(CharlabError):
    """This machine lacks a requirement: TensorFlow, an accelerator, the network."""


def install_command(extra: str) -> str:
    """The command that installs one of pyproject.toml's extras, in a checkout or an installation."""
    if (Path(__file__).parent.parent / "requirements.txt").exists():
        return "pip install -r requirements.txt"
    return f'pip install "charlab[{extra}]"'
