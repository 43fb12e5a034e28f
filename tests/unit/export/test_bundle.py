"""A run is exported as a model file and imported again; anything else is refused in a sentence."""

import csv
import io
import json
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from charlab.core import predictor
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.export import bundle, bundle_validation
from charlab.runs import models, store
from charlab.runs.permissions import OPERATOR
from helpers.bundles import members, refused, zipped
from helpers.runs import all_runs
from helpers.tiny import TINY, make_run, ngram_run

EVENTS = [
    {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 3.0, "val_accuracy": 0.1, "seconds": 1.0},
    {"event": "step", "epoch": 0.5, "step": 5, "loss": 2.5, "accuracy": 0.2, "learning_rate": 1e-3},
    {"event": "sample", "epoch": 1, "step": 10, "seed_text": "the ", "text": "qu\n, \u201cick"},
    {"event": "epoch", "epoch": 1, "step": 10, "loss": 2.2, "val_loss": 2.0, "val_accuracy": 0.3},
]


def run_of(kind: str) -> store.Run:
    run = ngram_run() if kind == "ngram" else make_run(kind, best_epoch=1, step=10, reason="/home/me/secret")
    for event in EVENTS:
        run.append_event(event)
    return run


@pytest.fixture
def parts():
    return members(bundle.pack(run_of("gru")))


@pytest.mark.parametrize("kind", [*TINY, "ngram"])
def test_a_run_that_went_out_and_came_in_is_the_same(kind):
    run = run_of(kind)
    other = bundle.unpack(bundle.pack(run), "tiny.zip", actor=OPERATOR)
    assert other.id != run.id and other.status().state == "done" and other.vocab() == run.vocab()
    assert other.status().results == run.status().results | {"run": other.id}
    assert replace(other.config(), created=0) == replace(run.config(), created=0)
    assert other.events()[0] == run.events()[0]
    for weights_name in ("best", "last"):
        ours, theirs = run.weights(weights_name), other.weights(weights_name)
        assert set(ours) == set(theirs) and all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert models.load(other.id).digest == models.load(run.id).digest


def test_equal_runs_make_equal_bytes(monkeypatch):
    run = run_of("gru")
    packed = bundle.pack(run)
    monkeypatch.setattr("zipfile.time.time", lambda: 1e9)  # of another day
    assert bundle.pack(run) == packed


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("/home/anna/diary.txt", "diary.txt"),
        ("C:\\Users\\anna\\diary.txt", "diary.txt"),
        ("https://bucket.example/anna/diary.txt?signature=abc", "diary.txt"),
        ("shakespeare", "shakespeare"),
    ],
)
def test_no_path_of_this_machine_is_in_a_bundle(corpus, name):
    run = run_of("gru")
    run.write_config(replace(run.config(), corpus=corpus, owner="browser-77"))
    run.append_event({"event": "note", "text": "Read /home/anna/diary.txt."})
    inside = members(bundle.pack(run))
    assert json.loads(inside["config.json"])["corpus"] == name
    everything = b"".join(inside.values())
    for secret in (b"anna", b"signature", b"browser-77", b"/home", str(run.path.parent).encode()):
        assert secret not in everything


def test_the_model_card_says_what_the_model_is(parts):
    card = parts["model-card.md"].decode()
    for words in ("GRU", "Coin flips", "2.0000 nats = 2.8854 bits", "python -m charlab train --corpus coin-flips"):
        assert words in card


def test_a_name_cannot_write_its_own_markdown():
    run = run_of("gru")
    run.write_config(replace(run.config(), name="x\n# [win](http://a.example)"))
    assert bundle.model_card(run).startswith("# x # \\[win](http\\://a.example)\n")


def test_a_run_without_weights_is_no_bundle():
    config = store.RunConfig("new", "custom", "coin-flips", "0" * 64, TINY["gru"], TrainConfig())
    with pytest.raises(CharlabError, match="no weights yet"):
        bundle.pack(store.create(config, Vocab.from_text("ab")))


def test_the_starter_can_be_taken_away():
    for name in ("quick-gru", "small-gru"):  # of which one has its epochs and no best by itself
        again = models.load(bundle.unpack(bundle.pack(models.find(name)), actor=OPERATOR).id)
        assert again.config.preset == "quick-gru" and again.digest == models.load(name).digest


def test_figures_as_a_table():
    rows = list(csv.DictReader(io.StringIO(bundle.metrics_csv(run_of("gru")))))
    assert [(row["event"], float(row["epoch"])) for row in rows] == [("epoch", 0), ("step", 0.5), ("epoch", 1)]
    assert rows[1]["learning_rate"] == "0.001" and rows[0]["loss"] == "" and rows[2]["val_loss"] == "2.0"


def test_what_is_not_a_zip_is_refused(parts):
    for data in (b"", b"hello", zipped(parts)[:-30], zipped(parts)[100:], b"PK\x03\x04" + bytes(100)):
        refused(data)


@pytest.mark.parametrize("name", ["../../evil.py", "/etc/passwd", "weights/epoch-001.safetensors", "model.keras"])
def test_a_name_that_no_bundle_has_is_refused(parts, name):
    assert "which no model file contains" in refused(zipped(parts | {name: b"x"}))


@pytest.mark.parametrize("name", ["bundle.json", "config.json", "vocab.json", "status.json"])
def test_what_is_missing_is_named(parts, name):
    del parts[name]
    assert f"{name} is missing" in refused(zipped(parts))


def test_weights_have_to_be_there(parts):
    for name in bundle_validation.WEIGHTS.values():
        del parts[name]
    assert "weights is missing" in refused(zipped(parts))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(parts, monkeypatch):
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert "more than the limit" in refused(zipped(parts | {"model-card.md": bytes(50_000_000)}))


def test_a_list_of_many_members_is_refused_before_it_is_read(parts, monkeypatch):
    many = zipped(parts | {f"weights/{i}": b"" for i in range(1000)})
    monkeypatch.setattr(bundle_validation.zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    assert "longer than a model file's" in refused(many)


@pytest.mark.parametrize(
    ("member", "changes", "words"),
    [
        ("bundle.json", {"version": 2}, "another version"),
        ("config.json", {"preset": "theirs"}, "preset 'theirs'"),
        ("config.json", {"surprise": 1}, "'surprise'"),
        ("config.json", {"task": "reber"}, "belongs to a lab"),
        ("config.json", {"name": 7}, "'name'"),
        ("config.json", {"corpus_sha256": "../x"}, "checksum"),
        ("config.json", {"notes": [{}]}, "notes"),
        ("config.json", {"name": "a\0b"}, "'name'"),
        ("config.json", {"name": ""}, "'name'"),
        ("config.json", {"corpus": "/dev/zero"}, "path"),
        ("config.json", {"created": 1e14}, "'created'"),
        ("status.json", {"best_epoch": 1.5}, "'best_epoch'"),
        ("status.json", {"epoch": -1}, "'epoch'"),
        ("status.json", {"results": {"best_val_loss": 1e14}}, "'best_val_loss'"),
        ("status.json", {"results": {"best_val_loss": -1}}, "'best_val_loss'"),
        ("config.json", {"model": TINY["lstm"].to_json()}, "layer_0/bias"),
        ("config.json", {"model": TINY["gru"].to_json() | {"units": 4096}}, "should be"),
        ("config.json", {"model": TINY["gru"].to_json() | {"kind": "magic"}}, "kind must be"),
        ("config.json", {"model": TINY["gru"].to_json() | {"units": "16"}}, "units must be"),
        ("config.json", {"train": {"evil": 1}}, "'evil'"),
        ("vocab.json", {"characters": "aa"}, "twice"),
        ("vocab.json", {"characters": "abc"}, "should be"),
        ("vocab.json", {"lower_case": True}, "alphabet"),
        ("status.json", {"seconds": "<b>"}, "seconds"),
        ("status.json", {"reason": "x"}, "'reason'"),
        ("status.json", {"results": {"val_loss": "x"}}, "val_loss"),
    ],
)
def test_settings_that_do_not_fit_are_refused(parts, member, changes, words):
    parts[member] = json.dumps(json.loads(parts[member]) | changes).encode()
    assert words in refused(zipped(parts))


@pytest.mark.parametrize(
    "text",
    ["[]", "{", '{"a": NaN}', '{"a": 1, "a": 2}', '{"characters": "\\ud800"}', "[" * 5000, "\xff", "9" * 5000],
)
def test_json_that_is_not_proper_is_refused(parts, text):
    refused(zipped(parts | {"vocab.json": text.encode("latin-1")}))


@pytest.mark.parametrize(
    "line",
    [
        {"event": "step", "step": 1, "epoch": 1},
        {"event": "epoch", "step": 1, "epoch": 1, "val_loss": "low"},
        {"event": "epoch", "step": 1, "epoch": 1, "val_loss": 1, "val_accuracy": {}},
        {"event": "sample", "step": 1, "epoch": 1, "seed_text": "", "text": None},
        {"event": "step", "step": 1, "epoch": 1, "loss": 1e300},
        {"event": "step", "step": 1, "epoch": 1, "loss": 1e14},
        {"event": "epoch", "step": 1, "epoch": 1, "val_loss": -1},
        {"event": "epoch", "step": 1, "epoch": 1, "val_loss": 1, "seconds": None},
        {"event": ["step"]},
        {"event": "script"},
        [],
    ],
)
def test_events_that_a_page_could_not_draw_are_refused(parts, line):
    parts["metrics.jsonl"] += json.dumps(line).encode() + b"\n"
    assert "line 5 of metrics.jsonl" in refused(zipped(parts))


def header_changed(data: bytes, change) -> bytes:
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header)
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data[8 + length :]


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["head/bias"].update(dtype="F64"),
        lambda header: header["head/bias"].update(dtype=["F32"]),
        lambda header: header["head/bias"].update(shape=[2**40]),
        lambda header: header["head/bias"].update(shape=[-1]),
        lambda header: header["head/bias"].update(shape=None),
        lambda header: header["head/bias"].update(data_offsets=[0, 2**62]),
        lambda header: header["head/bias"].update(data_offsets=header["embedding"]["data_offsets"]),
        lambda header: header.update({"../x": header.pop("head/bias")}),
        lambda header: header.pop("head/bias"),
        lambda header: header.update(extra="x"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(parts, change):
    name = bundle_validation.WEIGHTS["best"]
    assert name in refused(zipped(parts | {name: header_changed(parts[name], change)}))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: struct.pack("<Q", 2**63) + data[8:],
        lambda data: struct.pack("<Q", 90_000) + data[8:],
        lambda data: data[:-4],
        lambda data: data + bytes(4),
        lambda data: data[:-4] + struct.pack("<f", float("nan")),
        lambda data: data[:-4] + struct.pack("<f", 1e30),
    ],
)
def test_weights_that_are_cut_or_padded_are_refused(parts, change):
    name = bundle_validation.WEIGHTS["last"]
    refused(zipped(parts | {name: change(parts[name])}))


@pytest.mark.parametrize(
    "change",
    [
        lambda counts: counts.update({"order_2/keys": counts["order_2/keys"][::-1].copy()}),
        lambda counts: counts.update({"order_2/keys": counts["order_2/keys"] + np.uint64(2**40)}),
        lambda counts: counts.update({"order_2/counts": counts["order_2/counts"] * np.uint32(0)}),
        lambda counts: counts.update({"order_2/counts": counts["order_2/counts"][1:]}),
        lambda counts: counts.update({"order_2/counts": counts["order_2/counts"].astype(np.uint64)}),
        lambda counts: counts.update({"order_2/keys": counts["order_2/keys"][:, None]}),
        lambda counts: counts.pop("order_2/keys"),
        lambda counts: [counts.pop("order_1/keys"), counts.pop("order_1/counts")],
        lambda counts: counts.update({f"order_4/{x}": counts[f"order_3/{x}"] for x in ("keys", "counts")}),
    ],
)
def test_counts_that_do_not_fit_are_refused(change):
    from safetensors.numpy import load, save

    parts = members(bundle.pack(run_of("ngram")))
    counts = load(parts[bundle_validation.WEIGHTS["best"]])
    change(counts)
    refused(zipped(parts | {bundle_validation.WEIGHTS["best"]: save(counts)}))


def test_a_damaged_byte_is_found(parts):
    data = bytearray(zipped(parts, zipfile.ZIP_STORED))
    place = data.find(parts[bundle_validation.WEIGHTS["best"]]) + len(parts[bundle_validation.WEIGHTS["best"]]) - 8
    data[place] ^= 1
    assert "damaged" in refused(bytes(data))


def test_no_damage_is_more_than_a_sentence(parts):
    """Any byte of the archive may be wrong: the result is a run or a sentence, never another error."""
    data, rng = zipped(parts), np.random.default_rng(1)
    ends = range(len(data) - 700, len(data))
    for place in [*rng.integers(0, len(data), 60), *rng.choice(ends, 200, replace=False)]:
        damaged = bytearray(data)
        damaged[place] ^= int(rng.integers(1, 256))
        try:
            bundle.unpack(bytes(damaged), actor=OPERATOR)
        except CharlabError as error:
            assert "cannot be imported" in str(error)


def test_an_imported_run_never_waits_in_a_queue(monkeypatch):
    """It must not be taken for a queued run while it is made."""
    data, states = bundle.pack(run_of("gru")), []
    write = store.Run.write_weights

    def look(run, *arguments):
        write(run, *arguments)
        states.extend(other.recorded_status().state for other in all_runs())

    monkeypatch.setattr(store.Run, "write_weights", look)
    bundle.unpack(data, actor=OPERATOR)
    assert states and "queued" not in states


def test_shapes_are_those_of_the_networks(parts):
    """A bundle of weights with random shapes is never built."""
    model = ModelConfig.from_json(json.loads(parts["config.json"])["model"])
    vocab = Vocab.from_json(json.loads(parts["vocab.json"]))
    shapes = predictor.weight_shapes(model, len(vocab))
    wrong = {name: np.zeros((*shape, 1), np.float32) for name, shape in shapes.items()}
    from safetensors.numpy import save

    assert "should be" in refused(zipped(parts | {bundle_validation.WEIGHTS["best"]: save(wrong)}))
