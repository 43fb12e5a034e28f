"""The standalone program: it runs without CharLab and reaches the loss that CharLab reaches."""

import ast
import os
import re
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import catalogue, encoding, splits
from charlab.errors import ModelError
from charlab.export import script
from charlab.runs import plan, store
from charlab.runs.presets import PRESETS
from charlab.training import train
from helpers import cases
from helpers.tiny import TINY

TRAIN = TrainConfig(
    epochs=2,
    batch_size=16,
    sequence_length=32,
    learning_rate=1e-2,
    learning_rate_schedule="cosine",
    clip_norm=1.0,
    warm_up_steps=5,
    beta_2=0.99,
)


def config_of(model: ModelConfig, train: TrainConfig = TRAIN, **changes) -> store.RunConfig:
    return store.RunConfig(
        **{"name": "Tiny", "preset": "custom", "corpus": "markov", "corpus_sha256": "0" * 64}
        | {"model": model, "train": train}
        | changes
    )


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_is_a_whole_program(preset):
    config = config_of(preset.model, preset.train.replace(seed_text="a\"'\\\n\u2028é"))
    if preset.model.kind == "ngram":
        with pytest.raises(ModelError, match="counted, not trained"):
            script.standalone(config)
        return
    source = script.standalone(config)
    tree = ast.parse(source)
    known = {"__name__", *dir(__builtins__), *vars(__import__("builtins"))}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            known.add(node.name)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) or isinstance(node, ast.arg):
            known.add(getattr(node, "id", None) or node.arg)
        if isinstance(node, ast.alias):
            known.add(node.asname or node.name)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert used <= known
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert values["SEED_TEXT"] == "a\"'\\\n\u2028é" and values["UNITS"] == preset.model.units
    assert "charlab" not in source and len(source.splitlines()) < 330


def test_nothing_that_people_named_becomes_code():
    evil = '"""\nimport os\nos.system("evil")\n"""\\'
    config = config_of(TINY["gru"], TRAIN.replace(seed_text=evil), name=evil, corpus="/home/me/" + evil)
    tree = ast.parse(script.standalone(config))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "system" not in names
    assert "/home/me" not in script.standalone(config)


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (TINY["gru"].replace(units=24), {"batches": "streams", "state_resets": 0.1}),
        pytest.param(
            TINY["transformer"].replace(layers=1),
            {"batches": "chunks", "optimizer": "muon", "weight_decay": 0.1},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            TINY["lstm"].replace(embedding=0, recurrent_dropout=0.1, input_dropout=0.05, output_dropout=0.05),
            {"batches": "windows", "optimizer": "rmsprop"},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["gru-streams", "transformer-chunks", "lstm-windows"],
)
def test_it_reaches_the_same_loss_without_charlab(model, changes, tmp_path):
    text = catalogue.load("markov").text[:30_000]
    events, said = both_trained(text, model, TRAIN.replace(**changes), tmp_path)
    losses = [float(loss) for loss in re.findall(r"^epoch .* validation ([\d.]+) nats", said, re.M)]
    ours = [event["val_loss"] for event in events]
    assert len(losses) == len(ours) == 3 and losses[-1] < losses[0] - 0.3
    np.testing.assert_allclose(losses[-1], ours[-1], rtol=0.05)
    sample = said.split("--- sample ---\n")[1]
    assert set(sample.strip()) <= set(text) and len(sample) > 290
    assert share_read(said) == 1


@pytest.mark.slow
def test_it_counts_the_characters_that_charlab_counts(tmp_path):
    """A fifth of the text is characters that occur twice: predicting the unknown one is easy and no merit."""
    random, rare = np.random.default_rng(3), list(map(chr, range(0x4E00, 0x4E00 + 3_000)))
    characters = [*catalogue.load("markov").text[:24_000], *rare, *rare]
    text = "".join(random.permutation(characters))
    model = TINY["gru"].replace(alphabet_limit=128)
    changes = {"batches": "streams", "batch_size": 20, "learning_rate": 0.02}
    events, said = both_trained(text, model, TRAIN.replace(**changes), tmp_path)
    assert "% of the text is in the alphabet" in said and 0.8 <= share_read(said) < 0.81
    theirs = np.array(re.findall(r"^epoch [12]  loss ([\d.]+)  validation ([\d.]+) nats", said, re.M), float)
    ours = np.array([[event["loss"], event["val_loss"]] for event in events[1:]])
    np.testing.assert_allclose(theirs, ours, atol=0.05)
    _, counts = np.unique(characters[:24_000], return_counts=True)
    entropy = -(counts / 24_000 * np.log(counts / 24_000)).sum()  # of the characters that count
    assert abs(ours[-1] - entropy).max() < 0.15


def share_read(said):
    return float(re.search(r"^([\d.]+)% of the text is in the alphabet", said, re.M)[1]) / 100


def both_trained(text, model, train_config, tmp_path):
    """The events of CharLab's run on this text, one per epoch, and what the exported program prints."""
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    planned = plan.plan_run(catalogue.load(str(tmp_path / "text.txt")), "custom", model, train_config)
    config, vocab = planned.config(), planned.text.known_vocab()
    (tmp_path / "train.py").write_text(script.standalone(config), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-P", "train.py", "text.txt"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    run = store.create(config, vocab)
    with run.lock():
        assert train.train_run(run, encoding.text_ids(text, vocab, model)).state == "done"
    return [event for event in run.events()[0] if event["event"] == "epoch"], result.stdout


PLAIN = "Grüße aus Zürich: müde Käse 🙂, schöne Übungen.\n" * 60
READ = {
    "plain": PLAIN.encode(),
    "old lines and controls": PLAIN.replace("\n", "\r\n").encode() + b"\x00\x1b",
    "bad bytes": PLAIN.encode() + b"a\x92b\xe2\x80c",
    "cut": PLAIN.encode() + "é".encode()[:1],
    "utf-16": PLAIN.encode("utf-16"),
    "utf-32 cut": PLAIN.encode("utf-32")[:-1],
    "Cyrillic": ("Море было тихим, и лодка вышла рано утром.\n" * 80).encode("koi8_r"),
    "Japanese": ("ふねはしずかなうみへでていった。" * 200).encode("euc_jp") + b"\xff",
    "accents apart": unicodedata.normalize("NFD", PLAIN).encode(),
    "marks inside": b"\xef\xbb\xbf" + (PLAIN + "\ufeff\n").encode() * 2,
    "line breaks": "one\vtwo\fthree\x85four\u2028five\u2029six\rseven\r\n".encode() * 60,
    "surrogates": (PLAIN + "\ud83d\ude42\ud83d!").encode("utf-8", "surrogatepass"),
}


def functions_of(source: str) -> dict:
    """The functions and the settings of a program, made without TensorFlow."""
    kept = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.Assign)]
    names: dict = {"np": np, "sys": sys, "re": re, "unicodedata": unicodedata}
    exec(compile(ast.Module(kept, []), "train.py", "exec"), names)  # noqa: S102
    return names


@pytest.mark.parametrize("kind", ["gru", "transformer"])
@pytest.mark.parametrize("text", [cases.names_sorted(1_500), cases.names_sorted(2_000) + "\n\nlast"])
@pytest.mark.parametrize("split", ["lines", "blocks"])
def test_it_holds_out_what_charlab_holds_out(split, text, kind):
    model, training = TINY[kind], TRAIN.replace(split=split, validation_share=0.2)
    source = script.standalone(config_of(model, training))
    assert "training, validation = divide(ids, alphabet)" in source and "split = len(ids) - max" not in source
    vocab = encoding.make_vocab(text, model)
    division = splits.divide(vocab.encode(text), vocab, training)
    ours = functions_of(source)["divide"](vocab.encode(text).astype(np.int32), vocab.characters)
    assert [part.tolist() for part in ours] == [division.training.tolist(), division.validation.tolist()]
    if split == "lines":
        with pytest.raises(SystemExit, match="too few lines"):
            functions_of(source)["divide"](np.zeros(9_000, np.int32), "abc")


@pytest.mark.parametrize("frame", [*cases.FRAMES.values()])
def test_it_leaves_out_the_licence_that_charlab_left_out(frame, tmp_path):
    book = "Some words of a book.\n" * 120
    path = tmp_path / "text.txt"
    path.write_text(f"{frame[0]}\n\n{book}\n\n{frame[1]}", encoding="utf-8")
    text = catalogue.load(str(path), remove_licence=True)
    assert text.text == book
    source = script.standalone(plan.plan_run(text, "custom", TINY["gru"], TRAIN).config())
    assert functions_of(source)["read_text"](path) == book
    with_it = script.standalone(plan.plan_run(catalogue.load(str(path)), "custom", TINY["gru"], TRAIN).config())
    assert "without_licence" not in with_it


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize("case", READ)
def test_it_reads_what_charlab_reads(case, lower_case, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(READ[case])
    text = catalogue.load(str(path))
    model = TINY["gru"].replace(lower_case=lower_case)
    source = script.standalone(plan.plan_run(text, "custom", model, TRAIN).config())
    assert ("ENCODING" in source) == (case not in ("plain", "old lines and controls"))
    tree = ast.parse(source)
    kept = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.Assign)
        or isinstance(node, ast.Import)
        and node.names[0].name in ("re", "unicodedata")
    ]
    names: dict = {}
    exec(compile(ast.Module(kept, []), "train.py", "exec"), names)  # noqa: S102 # without TensorFlow
    expected = encoding.make_vocab(text.text, model).decode(
        encoding.make_vocab(text.text, model).encode(text.text)
    )
    assert names["read_text"](path) == expected
