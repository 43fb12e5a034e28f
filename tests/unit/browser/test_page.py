"""A model as a page of its own, and as a site: what is in the files, and what is refused."""

import base64
import gzip
import hashlib
import html
import json
import re
import shutil
import string
import subprocess
from collections import Counter

import pytest
from safetensors.numpy import load

from charlab.browser import engine, page, site
from charlab.cli import main
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.errors import ConfigError
from charlab.export import formats
from charlab.labs import catalogue
from charlab.runs import models, store
from helpers.javascript import check_joinable, declared_names
from helpers.tiny import make_run, ngram_run, random_weights

MODULES = sorted(page.APP.glob("*.js"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_of_the_page_are_as_simple_as_joining_needs(path):
    text = path.read_text(encoding="utf-8")
    check_joinable(text, r"(\.|\.\./engine)")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setAttribute\(\"style", text)


def test_the_pages_script_is_one_valid_script(tmp_path):
    order = engine.modules(page.APP / "main.js")
    assert set(MODULES) <= set(order) and len(order) == len(set(order))
    counted = Counter(name for path in order for name in declared_names(path.read_text(encoding="utf-8")))
    assert not [name for name, number in counted.items() if number > 1]
    assert "</script" not in page.script() and "<!--" not in page.script()
    if not shutil.which("node"):
        pytest.skip("There is no Node.js here.")
    (tmp_path / "app.js").write_text(page.script(), encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "app.js"], check=True, timeout=60)


def parts(written: str) -> dict[str, str]:
    """The texts of a page's script elements by their ids; "" is the one that runs."""
    return {
        name: text
        for _, name, text in re.findall(r'<script( type="text/plain" id="(\w+)")?>(.*?)</script>', written, re.S)
    }


def unpacked(part: str) -> bytes:
    return gzip.decompress(base64.b64decode(part))


def test_a_run_with_128_units_is_a_page_of_less_than_500_kb():
    model, vocab = ModelConfig(kind="gru", units=128, embedding=32), Vocab.from_text(string.printable[:65])
    run = store.create(store.RunConfig("GRU", "custom", "coin-flips", "0" * 64, model, TrainConfig()), vocab)
    run.write_weights(random_weights(model, len(vocab)), "best")
    run.write_status(store.Status(state="done"))
    assert len(page.html(run).encode()) < 500_000


@pytest.mark.parametrize("name", ["small-gru", "mini-gpt", "ngram"])
def test_a_starter_is_a_page_with_its_own_weights(name):
    run = models.find(name)
    written = page.html(run)
    assert len(written.encode()) < (500_000 if name == "small-gru" else 3_000_000)
    found = parts(written)
    weights = load(unpacked(found["weights"]))
    assert {key: array.shape for key, array in weights.items()} == {
        key: array.shape for key, array in run.weights().items()
    }
    assert all((array == run.weights()[key]).all() for key, array in weights.items())
    about = json.loads(found["model"])
    assert about["vocab"] == run.vocab().to_json() and about["model"] == run.config().model.to_json()
    assert unpacked(found["kernels"]) == engine.kernels()
    assert unpacked(found["engine"]).decode() == engine.whole_script()


def test_the_policy_names_what_may_run_and_allows_no_address():
    written = page.html(models.find("small-gru"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', written)
    for text, directive in (
        (parts(written)[""], "script-src"),
        (re.findall("<style>(.*?)</style>", written, re.S)[0], "style-src"),
    ):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';") and "unsafe-inline" not in policy
    assert "http" not in policy and "connect-src" not in policy
    assert not re.search(r"""(src|href)=["'](?!data:)""", written)


def test_names_of_people_are_text_and_no_path_is_told(tmp_path):
    run = make_run(name="</script><b>{title}&")
    config = json.loads((run.path / "config.json").read_text()) | {
        "corpus": "/home/somebody/diary.txt",
        "owner": "browser-9",
    }
    (run.path / "config.json").write_text(json.dumps(config))
    written = page.html(run)
    assert written.count("</script>") == 5 and "<b>{title}" not in written.split("<script", 1)[0]
    assert html.escape("</script><b>{title}&") in written
    assert "somebody" not in written and "browser-9" not in written and "diary.txt" in written
    assert json.loads(parts(written)["model"])["title"] == "</script><b>{title}&"


def test_counts_are_packed_into_small_types():
    run = ngram_run()
    packed, counts = load(page.weights_file(run)), run.weights()
    assert all((packed[key] == counts[key]).all() for key in counts)
    assert packed["order_1/keys"].dtype == "uint8"


def test_export_writes_the_page_of_the_weights_that_were_asked_for(tmp_path, capsys):
    run, file = make_run(), tmp_path / "page.html"
    assert main(["export", run.id, "--format", "page", "--weights", "last", "--to", str(file)]) == 0
    weights = load(unpacked(parts(file.read_text(encoding="utf-8"))["weights"]))
    assert all((array == run.weights("last")[key]).all() for key, array in weights.items())
    assert "as web page" in capsys.readouterr().err


def test_a_page_is_made_by_whoever_can():
    run = make_run()
    assert formats.make(run, "page", page=page.html).decode() == page.html(run)
    with pytest.raises(ConfigError, match="needs a worker process"):
        formats.make(run, "page")


def test_a_lab_has_no_page(tmp_path, capsys):
    shipped = next(iter(catalogue.LABS.values())).shipped
    with pytest.raises(ConfigError, match="lab"):
        page.html(shipped)
    assert main(["export", str(shipped.path), "--format", "page", "--to", str(tmp_path / "page.html")]) == 2
    assert main(["site", str(tmp_path / "site"), "small-gru", str(shipped.path)]) == 2
    assert capsys.readouterr().err.count("lab") >= 2 and not list(tmp_path.iterdir())


def test_too_large_weights_are_refused(monkeypatch):
    monkeypatch.setattr(page, "_MOST_BYTES", 1000)
    with pytest.raises(ConfigError, match="too large for a page"):
        page.html(make_run())


def test_a_site_is_plain_files_with_relative_addresses(tmp_path, capsys):
    folder = tmp_path / "web" / "site"
    assert main(["site", str(folder), "small-gru", "ngram", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == ["small-gru", "ngram"]
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files = {f"models/{name}.{suffix}" for name in ("small-gru", "ngram") for suffix in ("json", "safetensors")}
    assert names == files | {"index.html", "app.js", "app.css", "engine.js", "kernels.wasm", "models/index.json"}
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:src|href)="([^"]*)"', index)) == {"data:,", "app.css", "app.js"}
    assert [model["name"] for model in json.loads((folder / "models/index.json").read_text())] == [
        "small-gru",
        "ngram",
    ]
    about = json.loads((folder / "models/ngram.json").read_text(encoding="utf-8"))
    assert about["model"]["kind"] == "ngram"


def test_a_site_has_all_built_in_models(tmp_path):
    names = {info.name for info in models.available_models() if info.where == "starter"}
    assert set(site.write(tmp_path)) == names and len(names) > 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{file}"], "is not a folder"),
        (["{folder}", "nobody"], "no model 'nobody'"),
        (["{folder}", "ngram", "ngram"], "once"),
    ],
)
def test_what_cannot_be_a_site_is_a_sentence(arguments, words, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    places = {"file": str(tmp_path / "file"), "folder": str(tmp_path / "folder")}
    assert main(["site", *(word.format(**places) for word in arguments)]) in (1, 2)
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
