"""Pretrained word vectors: their download, from a server of our own, and the command for it."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from charlab.cli import main
from charlab.errors import DownloadError
from charlab.labs.sentiment import vectors
from helpers import file_server


@pytest.fixture
def archive(monkeypatch, tmp_path):
    """The server, with an archive of the published form at the address that is asked for."""
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path))
    lines = "".join(f"{word} {' '.join(str(number) for number in range(100))}\n" for word in ("film", "good"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(vectors.MEMBER, lines)
    with file_server.serving(monkeypatch, file_server.Server()) as server:
        server.answers = {"/glove": (200, packed.getvalue())}
        monkeypatch.setattr(vectors, "ADDRESS", server.url("/glove"))
        monkeypatch.setattr(vectors, "SHA256", hashlib.sha256(packed.getvalue()).hexdigest())
        monkeypatch.setattr(vectors, "BYTES", len(packed.getvalue()))
        yield server


def test_the_archive_is_downloaded_once_with_its_checksum_and_read(archive):
    received = []
    assert not vectors.is_here()
    path = vectors.download(received.append)
    assert received[-1] == path.stat().st_size == vectors.BYTES and vectors.is_here()
    assert vectors.download() == path and archive.asked == ["/glove"]
    words, table = vectors.load()
    assert words == ("film", "good") and table.shape == (2, 100)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((200, b"<html>Please sign in</html>"), "sent another file"), ((503, b""), "answered with status 503")],
)
def test_what_is_not_the_archive_is_not_kept(archive, answer, reason):
    archive.answers["/glove"] = answer
    with pytest.raises(DownloadError, match=rf"GloVe .* could not be downloaded: .*{reason}.*CHARLAB_CORPORA"):
        vectors.download()
    assert not vectors.is_here()


def test_the_command_says_what_is_downloaded_and_how_far_it_is(archive, capsys):
    assert main(["lab", "sentiment", "vectors"]) == 0
    said = capsys.readouterr()
    assert said.out.strip().endswith(vectors.ARCHIVE)
    assert "862 MB, Public Domain Dedication and License" in said.err and "of 0 MB" in said.err
