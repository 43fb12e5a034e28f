"""Three texts that come with Python: the names of all characters, the language reference, the library's source.

The texts change with Python's version and build.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
import unicodedata
from functools import cache
from pathlib import Path

from charlab.errors import CorpusError


def unicode_names() -> str:
    """The names of all characters, in the order of their code points, one per line.

    Without the names that follow a formula (Hangul syllables) and those with CJK in them, which are mostly
    numbers (CJK UNIFIED IDEOGRAPH-4E00): these 100,000 and more would outnumber the others.
    """
    names = (unicodedata.name(chr(code_point), "") for code_point in range(sys.maxunicode + 1))
    return "".join(f"{n}\n" for n in names if n and "CJK" not in n and not n.startswith("HANGUL SYLLABLE "))


def python_reference() -> str:
    """The topics of help(), in the order of their names. Raises CorpusError where this Python lacks them."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise CorpusError("This Python has no language reference (the module pydoc_data).") from None
    return "\n\n".join(topics[name].strip("\n") for name in sorted(topics)) + "\n"


def python_source() -> str:
    """The single-file modules of the standard library, by name. Raises CorpusError where their source is missing.

    Packages are left out, and so are files in the same folder that do not belong to the library
    (sys.stdlib_module_names), such as the machine's own build settings.
    """
    sources = []
    for path in _library_files(sysconfig.get_path("stdlib")):
        try:
            sources.append(path.read_bytes().decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError):  # not readable, or in another encoding
            continue
    if not sources:
        raise CorpusError("This Python has no source code of its standard library.")
    return "\n".join(sources)


def has_python_reference() -> bool:
    """Whether this Python has the topics of help()."""
    return importlib.util.find_spec("pydoc_data") is not None


def has_python_source() -> bool:
    """Whether this Python has the source code of its library."""
    return bool(_library_files(sysconfig.get_path("stdlib")))


@cache
def _library_files(folder: str) -> list[Path]:
    return [path for path in sorted(Path(folder).glob("*.py")) if path.stem in sys.stdlib_module_names]
