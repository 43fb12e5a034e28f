"""Downloads against a small server of our own: mirrors, wrong contents, silence, many at once. No real network."""

import dataclasses
import hashlib
import socket
import sys
import threading

import pytest

from charlab.cli import main
from charlab.corpora import catalogue, downloads
from charlab.errors import CorpusError, DownloadError
from helpers import file_server
from helpers.project import ROOT

PLAY = "".join(f"Line {i} of a play that nobody wrote.\n" for i in range(200)).encode()
START, END = (f"*** {mark} OF THE PROJECT GUTENBERG EBOOK A PLAY ***" for mark in ("START", "END"))
BOOK = f"\ufeffLicence\r\n{START}\r\n\r\nÀ vous.\r\nTo be\r\n\r\n{END}\r\nMore\r\n".encode()
SIGN_IN = b"<html>Please sign in to this network</html>"


@pytest.fixture
def server(monkeypatch):
    with file_server.serving(monkeypatch, file_server.Server()) as server:
        yield server


@pytest.fixture
def play(server):
    server.answers = {"/first": (200, PLAY), "/second": (200, PLAY)}
    urls = (server.url("/first"), server.url("/second"))
    return downloads.Download("play.txt", urls, hashlib.sha256(PLAY).hexdigest())


@pytest.fixture
def book(server):
    server.answers = {"/book": (200, BOOK)}
    return downloads.Download("book.txt", (server.url("/book"),))


def test_the_first_mirror_is_asked_once_and_the_file_is_kept(server, play):
    assert downloads.find(play) == (None, ())
    assert downloads.fetch(play) == (PLAY, ())
    assert downloads.fetch(play) == downloads.find(play) == (PLAY, ())
    assert server.asked == ["/first"]
    assert (downloads.cache_folder() / "play.txt").read_bytes() == PLAY


@pytest.mark.parametrize("answer", [(404, b""), (503, PLAY), (200, SIGN_IN), (200, PLAY[:-1]), (200, b"")])
def test_the_second_mirror_helps_where_the_first_fails_or_lies(server, play, answer):
    server.answers["/first"] = answer
    assert downloads.fetch(play) == (PLAY, ())
    assert server.asked == ["/first", "/second"]


def test_the_second_mirror_helps_where_the_first_is_silent(server, play, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0.3)
    server.answers["/first"] = None
    assert downloads.fetch(play) == (PLAY, ())


def test_where_no_mirror_helps_each_one_s_reason_is_told_and_nothing_is_kept(server, play, monkeypatch):
    monkeypatch.setattr(downloads, "SECONDS", 0.3)
    closed = "http://127.0.0.1:9/nobody-listens"
    play = dataclasses.replace(play, urls=(*play.urls, server.url("/silent"), closed))
    server.answers = {"/first": (503, b""), "/second": (200, SIGN_IN), "/silent": None}
    with pytest.raises(CorpusError) as caught:
        downloads.fetch(play)
    message = str(caught.value)
    for reason in ("status 503", "another file", "no answer within 0.3 seconds", "the connection failed"):
        assert reason in message
    assert downloads.find(play) == (None, ())
    assert not list(downloads.cache_folder().glob("*.txt")) and not list(downloads.cache_folder().glob("tmp*"))


def test_many_at_once_download_once(server, play):
    results, threads = [], []
    for _ in range(12):
        threads.append(threading.Thread(target=lambda: results.append(downloads.fetch(play))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(PLAY, ())] * 12
    assert server.asked == ["/first"]


def test_who_waits_too_long_is_told_so(play, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(downloads, "WAIT_SECONDS", 0.1)
    folder = downloads.cache_folder()
    folder.mkdir(parents=True)
    with FileLock(folder / "play.txt.lock"), pytest.raises(CorpusError, match="Another process"):
        downloads.fetch(play)


def test_a_damaged_file_in_the_cache_is_never_used(server, play):
    downloads.fetch(play)
    path = downloads.cache_folder() / "play.txt"
    path.write_bytes(PLAY + b"!")
    found, notes = downloads.find(play)
    assert found is None and "checksum" in notes[0]
    assert downloads.fetch(play)[0] == path.read_bytes() == PLAY
    path.write_bytes(PLAY + b"!")
    server.answers = {}
    with pytest.raises(CorpusError, match="checksum is wrong"):
        downloads.fetch(play)


def test_the_folder_of_texts_comes_first_and_a_wrong_file_there_is_passed_over_and_told(
    server, play, tmp_path, monkeypatch
):
    folder = tmp_path / "texts of the class"
    folder.mkdir()
    monkeypatch.setenv("CHARLAB_CORPORA", str(folder))
    (folder / "play.txt").write_bytes(PLAY)
    assert downloads.fetch(play) == (PLAY, ())
    assert server.asked == []
    (folder / "play.txt").write_bytes(PLAY.replace(b"\n", b"\r\n"))
    contents, [note] = downloads.fetch(play)
    assert contents == PLAY and server.asked == ["/first"]
    assert "play.txt in the folder CHARLAB_CORPORA" in note and "checksum" in note


def test_a_folder_that_cannot_be_written_is_told(play, tmp_path, monkeypatch):
    (tmp_path / "a-file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "a-file"))
    with pytest.raises(CorpusError, match="CHARLAB_CACHE"):
        downloads.fetch(play)


def test_a_book_is_what_stands_between_its_markers(server, book):
    assert downloads.fetch(book) == ("À vous.\r\nTo be\n".encode(), ())
    assert downloads.fetch(book) == downloads.find(book)
    assert server.asked == ["/book"]


@pytest.mark.parametrize(
    "body",
    [
        SIGN_IN,
        BOOK[: BOOK.index(b"*** END")],
        BOOK[BOOK.index(b"To be") :],
        f"{END}\nTo be\n{START}\n".encode(),
        BOOK.replace(b"\n***", b"\n  x ***"),
    ],
    ids=["sign-in page", "cut off", "no start", "wrong order", "markers inside a line"],
)
def test_a_book_without_its_markers_is_refused_and_not_kept(server, book, body):
    server.answers = {"/book": (200, body)}
    with pytest.raises(CorpusError, match="another file"):
        downloads.fetch(book)
    assert not (downloads.cache_folder() / "book.txt").exists()
    server.answers = {"/book": (200, BOOK)}
    assert downloads.fetch(book)[0].endswith(b"To be\n")


def test_the_two_files_have_the_mirrors_and_the_checksum_that_are_promised():
    assert [len(d.urls) for d in (downloads.SHAKESPEARE, downloads.COMPLETE_WORKS)] == [2, 1]
    assert all(
        url.startswith("https://") for d in (downloads.SHAKESPEARE, downloads.COMPLETE_WORKS) for url in d.urls
    )
    assert downloads.SHAKESPEARE.sha256.startswith("86c4e6aa")


# What corpora.load() makes of them


def test_offline_a_sentence_offers_the_texts_that_need_no_network(play, monkeypatch):
    offline = dataclasses.replace(play, urls=("http://127.0.0.1:9/nobody-listens",))
    monkeypatch.setitem(catalogue._DOWNLOADS, "shakespeare", offline)
    assert not catalogue.CORPORA["shakespeare"].is_here()
    with pytest.raises(CorpusError) as caught:
        catalogue.load("shakespeare")
    message = str(caught.value)
    assert "Tiny Shakespeare is not on this machine yet" in message and "CHARLAB_CORPORA" in message
    free = [corpus.name for corpus in catalogue.CORPORA.values() if not corpus.needs_network]
    assert len(free) == 7 and all(name in message for name in free)


def test_without_leave_to_download_nobody_is_asked(server, play, monkeypatch):
    monkeypatch.setitem(catalogue._DOWNLOADS, "shakespeare", play)
    with pytest.raises(CorpusError, match="not on this machine"):
        catalogue.load("shakespeare", download=False)
    assert server.asked == []
    text = catalogue.load("shakespeare")
    assert (text.name, text.title, text.text) == ("shakespeare", "Tiny Shakespeare", PLAY.decode())
    assert text == catalogue.load("shakespeare", download=False)
    assert catalogue.CORPORA["shakespeare"].is_here()


def test_the_complete_works_are_read_with_clean_line_ends(server, book, monkeypatch):
    body = BOOK.replace(b"To be\r\n", b"To be, or not to be\r\n" * 200)
    server.answers = {"/book": (200, body)}
    monkeypatch.setitem(catalogue._DOWNLOADS, "complete-works", book)
    text = catalogue.load("complete-works")
    assert text.text == "À vous.\n" + "To be, or not to be\n" * 200
    assert text.notes == ()


def test_a_folder_of_texts_that_is_none_is_told(server, play, tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLAB_CORPORA", str(tmp_path / "missing"))
    note = f"CHARLAB_CORPORA is not searched: {tmp_path / 'missing'} is not a folder."
    assert downloads.find(play) == (None, (note,))
    assert downloads.fetch(play) == (PLAY, (note,))


def test_for_the_text_of_a_first_run_another_one_stands_in(server, play, monkeypatch):
    monkeypatch.setitem(catalogue._DOWNLOADS, catalogue.DEFAULT, play)
    server.answers = {}
    text = catalogue.load_or_stand_in(catalogue.DEFAULT)
    assert text.name in catalogue.CORPORA and text.name != catalogue.DEFAULT and len(text.text) > 100_000
    server.answers = {"/second": (200, PLAY)}
    assert catalogue.load_or_stand_in(catalogue.DEFAULT).text == PLAY.decode()


def test_no_other_text_stands_in_for_one_that_was_chosen(server, book, monkeypatch):
    monkeypatch.setitem(catalogue._DOWNLOADS, "complete-works", book)
    server.answers = {}
    with pytest.raises(DownloadError, match="is not on this machine yet"):
        catalogue.load_or_stand_in("complete-works")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue refuses, which is soon enough")
def test_a_server_that_accepts_no_connection_is_left_soon(play, monkeypatch):
    monkeypatch.setattr(downloads, "CONNECT_SECONDS", 0.2)
    with socket.socket() as full:  # its queue of connections is full: a further one gets no answer
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        silent = dataclasses.replace(play, urls=(f"http://127.0.0.1:{address[1]}/",))
        with pytest.raises(DownloadError, match="no connection within 0.2 seconds"):
            downloads.fetch(silent)
        for one in waiting:
            one.close()


def test_a_text_is_fetched_by_a_command_as_the_makefile_does(server, play, monkeypatch, capsys):
    monkeypatch.setitem(catalogue._DOWNLOADS, catalogue.DEFAULT, play)
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "--fetch" in line]
    words = line.split("-m charlab ")[1].split(" >")[0].split()
    server.answers = {}
    assert main(words) != 0 and "not on this machine yet" in capsys.readouterr().err
    server.answers = {"/first": (200, PLAY)}
    assert main(words) == 0 and catalogue.CORPORA[catalogue.DEFAULT].is_here()
    assert f"{catalogue.DEFAULT}  1115394  True" in capsys.readouterr().out
