"""The messages that people see when something they asked for cannot be done.

Each says what was wrong, what was received and what to do. Pages and the command line show the text of a
CharlabError as it is; anything else that is raised is a defect of ours.
"""

from pathlib import Path


class CharlabError(Exception):
    """Something a person asked for cannot be done; the message says why, and what would work."""


class ConfigError(CharlabError):
    """A setting has a value that makes no sense."""


class CorpusError(CharlabError):
    """A text cannot be had, read or trained on."""


class ModelError(CharlabError):
    """A model cannot be found, or its files are not what they should be."""


class RunError(CharlabError):
    """A run cannot be read, started, stopped or resumed."""


class UnavailableError(CharlabError):
    """This machine lacks what is needed: TensorFlow, an accelerator, the network."""


def install_command(extra: str) -> str:
    """What to type where a package of one of pyproject.toml's extras is missing, in a checkout or installed."""
    if (Path(__file__).parent.parent / "requirements.txt").exists():
        return "pip install -r requirements.txt"
    return f'pip install "charlab[{extra}]"'
