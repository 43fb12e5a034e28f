"""What the operating system refuses, as pages say it: a sentence with the folder and its variable."""

import sys

import pytest

from charlab.corpora import catalogue
from helpers.disks import fill, small_disk
from helpers.pages import PAGES, open_page, open_popover
from helpers.runs import all_runs
from helpers.tiny import make_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="small disks are Linux's")
TEXT = "the quick brown fox jumps over the lazy dog.\n" * 100


def problems(app) -> str:
    assert not app.exception
    return "\n".join(element.value for element in app.error).replace("\\", "")


def start_counting(app):
    """Press Start for a model that needs no worker's TensorFlow, on a text that is made here."""
    app.selectbox(key="corpus").set_value("coin-flips")
    app.selectbox(key="preset").set_value("ngram").run()
    return next(button for button in app.button if button.label == "Start").click().run()


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_where_the_runs_folder_is_a_file(name, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a letter", encoding="utf-8")
    monkeypatch.setenv("CHARLAB_RUNS", str(tmp_path / "file"))
    app = open_page(name)
    assert not problems(app)
    if name == "train":
        said = problems(start_counting(app))
        assert f"The runs folder {tmp_path / 'file'} cannot be used" in said and "CHARLAB_RUNS" in said
    assert (tmp_path / "file").read_text(encoding="utf-8") == "a letter"


def test_a_start_on_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("CHARLAB_RUNS", str(disk))
        filler = fill(disk)
        app = start_counting(open_page("train"))
        said = problems(app)
        assert "the disk is full" in said and "CHARLAB_RUNS" in said and str(disk) in said
        assert [path.name for path in disk.iterdir()] == ["filler"]
        filler.unlink()
        app = next(button for button in app.button if button.label == "Start").click().run()
        assert not problems(app) and len(list(all_runs())) == 1


def test_acts_on_a_run_on_a_full_disk_are_sentences_and_change_nothing(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("CHARLAB_RUNS", str(disk))
        run = make_run(name="Old name", state="paused")
        app = open_page("train")
        fill(disk)
        before = {path: path.read_bytes() for path in run.path.rglob("*.json")}
        app.button(key=f"resume-{run.id}").click().run()
        assert "the disk is full" in problems(app)
        app.text_input(key=f"name-{run.id}").set_value("New name")
        app.button(key=f"rename-{run.id}").click().run()
        assert "the disk is full" in problems(app)
        assert {path: path.read_bytes() for path in run.path.rglob("*.json")} == before


def test_an_upload_to_a_full_cache_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("CHARLAB_CACHE", str(disk / "cache"))
        fill(disk)
        app = open_popover(open_page("train"), "add_text")
        app.text_area(key="pasted").set_value(TEXT)
        next(button for button in app.button if button.label == "Use this text").click().run()
        said = problems(app)
        assert "the disk is full" in said and "CHARLAB_CACHE" in said
        assert not catalogue.stored() and not [path for path in disk.rglob("*.tmp")]


def test_a_read_only_runs_folder_shows_its_runs_and_refuses_acts(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", read_only=True) as disk:
        monkeypatch.setenv("CHARLAB_RUNS", str(disk / "runs"))
        said = problems(start_counting(open_page("train")))
        assert "its file system is read-only" in said and "CHARLAB_RUNS" in said
