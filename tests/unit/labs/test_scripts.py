"""The programs of labs: each runs by itself, with the settings of its run, and learns."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import subprocess
import sys

import pytest

from charlab.errors import ConfigError
from charlab.labs import catalogue, scripts
from charlab.labs.sentiment import data as sentiment_data

SETTINGS = re.compile(r"(?m)^([A-Z][A-Z_0-9]*) = (.*?)(?:  #.*)?$")


def settings(program: str) -> dict[str, object]:
    found = {}
    for name, value in SETTINGS.findall(program.partition("# Settings")[2].partition("\n# ")[0]):
        found[name] = ast.literal_eval(value)
    return found


def run(folder, program: str, *words: str) -> str:
    (folder / "program.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "program.py", *words]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def config_of(lab: str, version: str = "", **changes):
    found = catalogue.LABS[lab]
    found = found.version(version) if version else found
    return found.config(**changes)


@pytest.mark.parametrize(
    ("lab", "version", "wanted"),
    [
        ("reber", "", {"UNITS": 30, "EMBEDDING": 5, "MOMENTUM": 0.95, "LEARNING_RATE": 0.02, "EPOCHS": 20}),
        ("dates", "attention", {"ATTENDS": True, "SAMPLES": False, "EPOCHS": 3, "EMBEDDING_RANGE": 0.5}),
        ("dates", "scheduled-bidirectional", {"ATTENDS": False, "SAMPLES": True, "READS_BOTH_WAYS": True}),
        ("sentiment", "mean-300-glove", {"RECURRENT": False, "LABELS": 300, "GLOVE": True, "STEPS_PER_EPOCH": 20}),
        ("sentiment", "lecture-unmasked", {"LAYERS": 2, "UNITS": 128, "MASKED": False, "DROPOUT": 0.0}),
    ],
)
def test_a_program_has_the_settings_of_its_run(lab, version, wanted):
    found = settings(scripts.standalone(config_of(lab, version, seed=7)))
    assert {name: found[name] for name in wanted} == wanted and found["SEED"] == 7


def test_every_setting_of_a_program_is_one_of_its_run():
    for lab in catalogue.LABS.values():
        shown, first = (settings(scripts.standalone(lab.config(**changes))) for changes in ({"seed": 7}, {}))
        assert shown == first | {"SEED": 7}
        train = lab.config().train.to_json()
        for name in {"EPOCHS", "BATCH_SIZE", "LEARNING_RATE"} & set(shown):
            assert shown[name] == train[name.lower()]


def test_a_version_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="no version"):
        scripts.standalone(dataclasses.replace(config_of("dates"), preset="nonsense"))


@pytest.mark.slow
def test_the_program_of_the_reber_lab_runs_by_itself(tmp_path):
    said = run(tmp_path, scripts.standalone(config_of("reber", epochs=1, steps_per_epoch=40)))
    assert "3,401 parameters" in said and re.search(r"val_accuracy: 0\.\d+", said)
    assert re.search(r"right about [\d.]+%; without: [\d.]+%", said)


@pytest.mark.parametrize(
    ("version", "parameters"),
    [
        pytest.param("attention", 200_844, marks=pytest.mark.slow),
        pytest.param("scheduled", 168_076, marks=pytest.mark.slow),
        pytest.param("repeated", 216_812, marks=pytest.mark.slow),
        pytest.param("teacher-bidirectional", None, marks=pytest.mark.slow),
    ],
)
def test_the_program_of_the_dates_lab_runs_by_itself(version, parameters, tmp_path):
    said = run(tmp_path, scripts.standalone(config_of("dates", version, epochs=1, steps_per_epoch=4)))
    assert parameters is None or f"{parameters:,} parameters" in said
    assert re.search(r"epoch 1: loss [\d.]+, [\d.]+% of the dates exact", said)
    assert re.search(r"(?m)^April 22, 2019 -> [\d-]{10}$", said)


@pytest.mark.slow
def test_the_program_of_the_dates_lab_learns_what_the_lab_does(tmp_path):
    said = run(tmp_path, scripts.standalone(config_of("dates", "attention", epochs=2)))
    assert "April 22, 2019 -> 2019-04-22" in said
    assert float(re.search(r"epoch 2: loss [\d.]+, ([\d.]+)%", said)[1]) > 99


@pytest.mark.skipif(not sentiment_data.SOURCES["sentences"].is_here(), reason="the texts are not on this machine")
@pytest.mark.parametrize("version", ["mean", pytest.param("gru-unmasked-300", marks=pytest.mark.slow)])
def test_the_program_of_the_sentiment_lab_learns(version, tmp_path):
    file = tmp_path / "sentence_polarity.zip"
    file.write_bytes(sentiment_data.fetch("sentences"))
    said = run(tmp_path, scripts.standalone(config_of("sentiment", version, epochs=2)), file.name)
    assert float(re.search(r"test set: ([\d.]+)%", said)[1]) > (65 if version == "mean" else 45)
