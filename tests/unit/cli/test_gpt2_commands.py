"""`charlab lab gpt2` with the tiny GPT-2 in the place of the published one."""

import json

import pytest

from charlab.cli import main
from charlab.labs.gpt2 import download
from helpers import tiny_gpt2


@pytest.fixture
def here(monkeypatch):
    source = tiny_gpt2.in_the_cache()
    monkeypatch.setattr(download, "SMALL", source)
    return source


def run(capsys, *words):
    code = main(["lab", "gpt2", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_generates_five_continuations_as_the_lecture_does(here, capsys):
    code, out, _ = run(capsys, "generate", "--json")
    document = json.loads(out)
    assert code == 0 and document["seed_text"] == "This royal throne of kings, this sceptred isle"
    assert len(set(document["samples"])) == 5
    code, out, _ = run(capsys, "generate")
    assert out.count("--- sample ") == 5 and all(sample in out for sample in document["samples"])


def test_a_single_text_is_printed_while_it_grows(here, capsys):
    words = ("--samples", "1", "--length", "8", "--seed-text", "To be")
    document = json.loads(run(capsys, "generate", "--json", *words)[1])
    _, out, _ = run(capsys, "generate", *words)
    assert out.startswith("To be")
    assert out.removesuffix("\n").rstrip("\ufffd") == ("To be" + document["samples"][0]).rstrip("\ufffd")


def test_it_explains_a_text_token_by_token(here, capsys):
    code, out, _ = run(capsys, "explain", "--text", "a text, of tokens", "--top", "2", "--json")
    document = json.loads(out)
    steps = document["steps"]
    assert code == 0 and "".join(step["character"] for step in steps) == "a text, of tokens"
    assert document["bits_per_token"] == pytest.approx(sum(step["bits"] for step in steps[:-1]) / (len(steps) - 1))
    _, out, _ = run(capsys, "explain", "--text", "a text, of tokens")
    assert len(out.splitlines()) == len(steps) and "bits" in out.splitlines()[0]
    assert json.loads(run(capsys, "explain", "--text", "~", "--json")[1])["bits_per_token"] is None


def test_what_is_here_is_not_downloaded(here, capsys):
    code, out, err = run(capsys, "download")
    assert (code, out, err) == (0, f"{here.path}\n", "")


def test_the_command_that_downloads_says_size_and_licence_first_and_then_why_not(capsys, monkeypatch):
    source = tiny_gpt2.source("http://127.0.0.1:9/nobody-listens")
    monkeypatch.setattr(download, "SMALL", source)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    code, out, err = run(capsys, "download")
    assert (code, out) == (2, "")
    assert err.startswith("Tiny GPT-2, licence: MIT. The download has 0 MB.")
    assert "charlab: Tiny GPT-2 could not be downloaded (127.0.0.1: the connection failed)" in err


@pytest.mark.parametrize("words", [("generate",), ("explain", "--text", "x")])
def test_without_the_weights_the_command_that_downloads_them_is_named(capsys, words):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("charlab: The weights of GPT-2 are not on this machine yet: `charlab lab gpt2 download`")
