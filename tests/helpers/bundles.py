"""Model files taken apart and put together, and the sentence with which one is refused."""

import io
import zipfile

import pytest

from charlab.errors import ModelError
from charlab.export import bundle
from charlab.runs import store
from charlab.runs.permissions import OPERATOR


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, packing=zipfile.ZIP_DEFLATED) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", packing) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return result.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(ModelError) as problem:
        bundle.unpack(data, "theirs.zip", actor=OPERATOR)
    assert not list(store.runs_folder().glob(".import*"))
    words = str(problem.value)
    assert words.startswith("“theirs.zip” cannot be imported: ") and words.endswith(".")
    return words
