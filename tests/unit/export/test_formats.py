"""Exports and imports as a person types them, to files and to addresses."""

import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import fsspec
import pytest

from charlab.cli import main
from charlab.corpora import catalogue
from charlab.errors import CharlabError, CorpusError, RunError, UnavailableError
from charlab.export import formats, remote_files, targets
from charlab.runs import models
from helpers.tiny import make_run

TEXT = "HTTHHTHT" * 500


def said(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture
def web():
    """A web server that stores what is uploaded: (its address, path -> bytes)."""
    kept = {"/text.txt": TEXT.encode()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = kept.get(self.path.split("?")[0])
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def do_PUT(self):
            kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_a_bundle_goes_from_one_charlab_to_another(tmp_path, capsys, monkeypatch):
    run, file = make_run(), tmp_path / "sub" / "model.zip"
    digest = models.load(run.id).digest
    assert main(["export", run.id, "--format", "bundle", "--to", str(file), "--json"]) == 0
    assert said(capsys) == {"model": run.id, "format": "bundle", "to": str(file)}
    monkeypatch.setenv("CHARLAB_RUNS", str(tmp_path / "elsewhere"))
    assert main(["import", str(file), "--json"]) == 0
    imported = said(capsys)
    assert imported["kind"] == "gru" and models.load(imported["run"]).digest == digest
    assert main(["generate", imported["run"], "--length", "5"]) == 0


@pytest.mark.parametrize(("name", "start"), [("csv", b"event,epoch,"), ("script", b'"""'), ("bundle", b"PK")])
def test_addresses_take_exports(name, start, memory, web):
    run, (address, kept) = make_run(), web
    for target in (f"memory://bucket/folder/{name}", f"{address}/{name}"):
        assert main(["export", run.id, "--format", name, "--to", target]) == 0
    assert memory.cat_file(f"/bucket/folder/{name}").startswith(start)
    assert kept[f"/{name}"] == memory.cat_file(f"/bucket/folder/{name}")


def test_a_saved_model_is_a_folder_or_a_zip(memory, tmp_path):
    run = make_run()
    assert main(["export", run.id, "--format", "savedmodel", "--to", "memory://bucket/model"]) == 0
    assert memory.exists("/bucket/model/saved_model.pb") and memory.find("/bucket/model/variables")
    assert main(["export", run.id, "--format", "savedmodel", "--to", str(tmp_path / "model.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert "saved_model.pb" in archive.namelist()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert main(["export", run.id, "--format", "savedmodel", "--to", str(tmp_path / "mine")]) == 2


def test_a_worker_makes_what_needs_tensorflow():
    run = make_run()
    assert formats.make_in_worker(run, "keras").startswith(b"PK")
    run.weights_path("best").unlink()
    run.weights_path("last").unlink()
    with pytest.raises(UnavailableError, match="could not be created: Run .* has no weights"):
        formats.make_in_worker(run, "savedmodel")


def test_a_machine_without_tensorflow_gets_a_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(formats.accelerators, "why_no_tensorflow", lambda: "TensorFlow is not installed.")
    assert main(["export", make_run().id, "--format", "keras", "--to", str(tmp_path / "x.keras")]) == 2
    assert "TensorFlow is not installed." in capsys.readouterr().err


@pytest.mark.parametrize("source", ["memory", "web"])
def test_a_corpus_may_be_an_address(source, memory, web, capsys):
    memory.pipe_file("/bucket/text.txt", TEXT.encode())
    address = "memory://bucket/text.txt" if source == "memory" else f"{web[0]}/text.txt?key=secret"
    assert main(["train", "--corpus", address, "--preset", "ngram", "--json"]) == 0
    trained = said(capsys)
    run = models.find(trained["run"])
    assert models.corpus_text(run.config()) == TEXT  # kept here: the address may be gone tomorrow
    assert "secret" not in run.config().name and "text.txt" in run.config().name
    assert main(["evaluate", trained["run"], "--corpus", address, "--json"]) == 0
    assert said(capsys)["loss_nats"] == pytest.approx(trained["val_loss"], abs=1e-4)


def test_pages_take_no_address(web):
    with pytest.raises(CorpusError, match="There is no text"):
        catalogue.load(f"{web[0]}/text.txt", paths=False)


def test_a_bundle_comes_from_an_address(memory):
    run = make_run()
    formats.export(run, "bundle", "memory://bucket/model.zip")
    assert formats.import_model("memory://bucket/model.zip").config().name == run.config().name


@pytest.mark.parametrize(
    "address", ["memory://nothing/here.txt", "nonsense://a/b", "http://127.0.0.1:9/x", "{web}/missing.txt"]
)
def test_an_address_that_cannot_be_had_is_a_sentence(address, web):
    with pytest.raises(UnavailableError, match="could not be read"):
        remote_files.read(address.format(web=web[0]))


def test_passwords_in_addresses_are_not_shown():
    assert remote_files.without_query("https://me:pw@host/a.txt?key=1#x") == "https://host/a.txt"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "nowhere.zip"], "cannot be read"),
        (["import", __file__], "cannot be imported"),
        (["import", "\0"], "cannot be read"),
        (["export", "nobody", "--format", "csv", "--to", "x"], "There is no model"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert words in told.err and "Traceback" not in told.err and not told.out


def test_a_target_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CharlabError, match="cannot be written"):
        formats.export(make_run(), "csv", str(tmp_path / "file" / "below.csv"))


@pytest.mark.parametrize(
    "address", ["reference://x", "ftp://", "dir://x", "dbfs://x", "generic://x/y", "nothing://x"]
)
def test_an_address_that_lacks_what_its_file_system_needs_is_a_sentence(address):
    for act, done in ((remote_files.read, "read"), (lambda at: remote_files.write(at, b"x"), "written")):
        with pytest.raises(UnavailableError, match=f"could not be {done}: .*Check the address|Install"):
            act(address)


def test_a_drive_that_does_not_exist_is_refused(monkeypatch):
    """As Windows answers of each part of such a path, the drive included."""
    monkeypatch.setattr(Path, "exists", lambda path: False)
    for target in ("/drive/model.zip", "model.zip"):
        with pytest.raises(RunError, match="cannot be written: there is no such file or folder"):
            targets.check(target)
