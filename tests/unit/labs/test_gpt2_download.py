"""The download of GPT-2 against a small server of our own that breaks off, lies or is silent. No real network."""

import dataclasses
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from charlab.corpora import downloads
from charlab.errors import ConfigError, ModelError, UnavailableError
from charlab.labs.gpt2 import download, permission, weights
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, Actor
from helpers import disks, file_server, tiny_gpt2

PUBLISHED, MERGES = (
    (tiny_gpt2.FOLDER / "model.safetensors").read_bytes(),
    (tiny_gpt2.FOLDER / "vocab.bpe").read_bytes(),
)
SIGN_IN = b"<html>Please sign in to this network</html>"
PUPIL, TEACHERS = Actor(STUDENT, "0123456789abcdef"), Actor(TEACHER, "teacher")


class Server(ThreadingHTTPServer):
    """Serves `content`. It knows ranges if `ranges`, breaks off after `most` bytes, and notes what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.most, self.status, self.silent = PUBLISHED, True, None, None, False
        self.merges = MERGES
        self.asked: list[str | None] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        if self.path == "/merges":
            self.send_response(200 if server.merges else 404)
            self.end_headers()
            self.wfile.write(server.merges)
            return
        server.asked.append(asked)
        if server.silent:
            server.ended.wait(10)
            return
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and server.ranges else 0
        body = server.content[first:]
        self.send_response(server.status or (206 if first else 200))
        self.send_header("Content-Length", str(len(body)))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(server.content) - 1}/{len(server.content)}")
        self.end_headers()
        self.wfile.write(body[: server.most])  # and the connection is closed

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    with file_server.serving(monkeypatch, Server()) as server:
        yield server


@pytest.fixture
def source(server):
    return tiny_gpt2.source(server.url, merges_urls=(server.url.replace("/model", "/merges"),))


def names(source):
    return sorted(path.name for path in source.path.parent.glob("*tiny*") if path.suffix != ".lock")


def test_it_is_downloaded_once_with_its_progress_and_ready_to_be_read(server, source, monkeypatch):
    monkeypatch.setattr(download, "_PIECE", 40_000)
    reports = []
    assert not source.is_here and source.received == 0
    assert download.fetch(OPERATOR, source, reports.append) == source.path
    assert reports == [40_000, 80_000, len(PUBLISHED)]
    assert source.is_here and names(source) == ["tiny.safetensors"]
    assert weights.read(source.path)["wte.weight"].shape == (457, 16)
    assert download.fetch(OPERATOR, source) == source.path
    assert server.asked == [None]


def test_a_connection_that_breaks_off_is_taken_up_again(server, source, monkeypatch):
    monkeypatch.setattr(download, "_PIECE", 10_000)
    server.most = 30_000
    download.fetch(OPERATOR, source)
    assert server.asked == [None, "bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert source.is_here


def test_a_download_that_failed_goes_on_another_day(server, source, monkeypatch):
    monkeypatch.setattr(download, "_TRIES", 1)
    monkeypatch.setattr(download, "_PIECE", 10_000)
    server.most = 50_000
    with pytest.raises(UnavailableError) as caught:
        download.fetch(OPERATOR, source)
    for part in ("127.0.0.1: the connection failed", "0 of 0 MB are on this machine", str(source.part)):
        assert part in str(caught.value)
    assert source.received == 50_000 and names(source) == ["tiny.download"]
    server.most = None
    download.fetch(OPERATOR, source)
    assert server.asked == [None, "bytes=50000-"] and names(source) == ["tiny.safetensors"]


def test_whoever_stops_it_can_go_on(server, source, monkeypatch):
    monkeypatch.setattr(download, "_PIECE", 40_000)

    def stop(received):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetch(OPERATOR, source, stop)
    assert source.received == 40_000
    download.fetch(OPERATOR, source)
    assert server.asked == [None, "bytes=40000-"]


def test_a_server_that_knows_whole_files_only_is_asked_for_the_whole_file(server, source):
    server.ranges = False
    source.part.parent.mkdir(parents=True)
    source.part.write_bytes(b"x" * 1000)
    download.fetch(OPERATOR, source)
    assert server.asked == ["bytes=1000-"] and source.is_here


@pytest.mark.parametrize("content", [SIGN_IN, PUBLISHED + b"x", b""])
def test_a_file_of_another_size_is_not_received_and_what_is_here_is_kept(server, source, content):
    server.content = content
    source.part.parent.mkdir(parents=True)
    source.part.write_bytes(PUBLISHED[:10])
    with pytest.raises(UnavailableError, match="sent another file .perhaps the sign-in page of a network"):
        download.fetch(OPERATOR, source)
    assert source.part.read_bytes() == PUBLISHED[:10]


def test_a_wrong_checksum_is_told_and_the_file_deleted(server, source):
    server.content = PUBLISHED[:-1] + b"x"
    with pytest.raises(ModelError, match="not Tiny GPT-2: its checksum is wrong. It was deleted. Try again."):
        download.fetch(OPERATOR, source)
    assert names(source) == []


def test_the_next_address_helps_where_the_first_does_not(server, source):
    source = dataclasses.replace(source, urls=("http://127.0.0.1:9/nobody-listens", server.url))
    download.fetch(OPERATOR, source)
    assert source.is_here


def test_without_network_the_reasons_are_told_and_how_to_do_without(server, source, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0.3)
    server.silent = True
    source = dataclasses.replace(source, urls=("http://127.0.0.1:9/nobody-listens", server.url))
    with pytest.raises(UnavailableError) as caught:
        download.fetch(OPERATOR, source)
    for part in ("127.0.0.1: the connection failed; 127.0.0.1: no answer within 0.3 seconds", "Try again with a"):
        assert part in str(caught.value)
    server.silent, server.status = False, 503
    with pytest.raises(UnavailableError, match="status 503"):
        download.fetch(OPERATOR, source)


def test_a_copy_of_the_published_file_is_used_without_a_network(source):
    source = dataclasses.replace(source, urls=("http://127.0.0.1:9/nobody-listens",))
    source.part.parent.mkdir(parents=True)
    source.part.write_bytes(PUBLISHED)
    download.fetch(OPERATOR, source)
    assert names(source) == ["tiny.safetensors"]


def test_a_list_of_merges_that_is_missing_is_told_and_nothing_is_lost(server, source):
    server.merges = b""
    with pytest.raises(
        UnavailableError, match="needs a list of its tokens, too. merges.bpe .*status 404.* copy the"
    ):
        download.fetch(OPERATOR, source)
    assert source.path.is_file() and not source.is_here
    (source.path.parent / "merges.bpe").write_bytes(MERGES)
    assert source.is_here and download.fetch(OPERATOR, source) == source.path
    assert server.asked == [None]


def test_too_small_a_disk_is_told_before_anything_is_received(server, source, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    source = dataclasses.replace(source, aligned=498_000_000)
    with pytest.raises(UnavailableError, match=r"needs 498 MB of disk space in .*, and 0 MB are free. Make room"):
        download.fetch(OPERATOR, source)
    assert server.asked == []


def test_a_disk_that_gets_full_is_told_and_what_was_received_is_kept(server, source, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_PIECE", 4096)
    with disks.small_disk(tmp_path / "small") as disk:
        monkeypatch.setenv("CHARLAB_CACHE", str(disk / "cache"))
        (disk / "cache").mkdir()
        (disk / "cache" / "merges.bpe").write_bytes(MERGES)  # pooch would write to the path behind the link
        filler = disks.fill(disk, leave=60_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
        with pytest.raises(
            UnavailableError, match="Tiny GPT-2 cannot be stored in .*: the disk is full. Make room"
        ):
            download.fetch(OPERATOR, source)
        received = source.received
        assert 0 < received < 60_000
        filler.unlink()
        download.fetch(OPERATOR, source)
        assert server.asked == [None, f"bytes={received}-"] and names(source) == ["tiny.safetensors"]


def test_a_second_download_at_the_same_time_is_told(server, source):
    told = []

    def another(received):
        with pytest.raises(UnavailableError) as caught:
            download.fetch(OPERATOR, source)
        told.append(str(caught.value))

    download.fetch(OPERATOR, source, another)
    assert set(told) == {
        "Tiny GPT-2 is being downloaded already: 0 of 0 MB are on this machine. Wait until it is complete."
    }


def test_what_is_said_before_a_download():
    assert download.SMALL.about == (
        "GPT-2 small by OpenAI (2019), licence: MIT. The download has 548 MB. It needs 1,046 MB of disk space "
        "until it is complete, then 498 MB. In use it takes 520 MB of memory, nearly all of it once per machine. "
        "A processor core generates about 20 tokens per second, for all who use it."
    )
    assert download.SMALL.about_use == (
        "GPT-2 small by OpenAI (2019), licence: MIT. In use it takes 520 MB of memory, nearly all of it once per "
        "machine. A processor core generates about 20 tokens per second, for all who use it."
    )


def test_students_do_not_download_and_use_it_only_where_the_teacher_allows_it(server, source, monkeypatch):
    for act in (permission.check, permission.check_download, lambda actor: download.fetch(actor, source)):
        with pytest.raises(UnavailableError, match="Only the teacher can"):
            act(PUPIL)
    with pytest.raises(UnavailableError, match="Only the teacher can switch GPT-2 on"):
        permission.allow(PUPIL, True)
    permission.check(TEACHERS)
    permission.check(OPERATOR)
    permission.allow(TEACHERS, True)
    assert permission.is_allowed()
    permission.check(PUPIL)
    with pytest.raises(UnavailableError, match="Only the teacher can download it"):
        download.fetch(PUPIL, source)
    permission.allow(TEACHERS, False)
    assert not permission.is_allowed() and server.asked == []
    monkeypatch.setenv("CHARLAB_GPT2", "1")
    permission.check(PUPIL)
    monkeypatch.setenv("CHARLAB_GPT2", "0")
    for actor in (PUPIL, TEACHERS, OPERATOR):
        with pytest.raises(UnavailableError, match="switched off on this server"):
            permission.check(actor)
    monkeypatch.setenv("CHARLAB_GPT2", "yes")
    with pytest.raises(ConfigError, match="Received: 'yes'"):
        permission.check(OPERATOR)
