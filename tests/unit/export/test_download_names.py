"""Names of downloaded files: safe on every system, short, cut between words."""

import re
import time
from dataclasses import replace

import pytest

from charlab.export import download_names
from helpers.tiny import make_run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Quick GRU on Tiny Shakespeare", "quick-gru-on-tiny-shakespeare"),
        ("Quick GRU on my_text.txt (2nd)", "quick-gru-on-my-text-txt-2nd"),
        ("Schnelle GRU über „Die Verwandlung“", "schnelle-gru-über-die-verwandlung"),
        (
            "Quick GRU on The history of the decline and fall of the Roman Empire",
            "quick-gru-on-the-history-of-the-decline-and-fall-of-the",
        ),
        ("Быстрая сеть о войне", "быстрая-сеть-о-войне"),
        ('../../etc/passwd\\con:*?"<>|', "etc-passwd-con"),
        ("x" * 100, "x" * 60),
        ("ж" * 100, "ж" * 30),
        ("...", ""),
    ],
)
def test_a_name_is_cut_between_words_and_has_letters_and_digits_only(words, expected):
    found = download_names.slug(words)
    assert found == expected and len(found.encode()) <= 60


def test_runs_of_one_name_have_different_files_and_none_is_called_by_its_id():
    run = make_run(name="Quick GRU on The tide came in and the boats went out")
    config = run.config()
    name = download_names.of_run(config)
    day = time.strftime("%Y-%m-%d-%H%M", time.localtime(config.created))
    assert name == f"quick-gru-on-the-tide-came-in-and-the-boats-went-out-{day}" and run.id not in name
    assert download_names.of_run(replace(config, created=config.created + 60)) != name
    assert download_names.of_run(replace(config, name="???", created=0.0)) == "model"
    assert re.fullmatch(r"[\w-]+", download_names.of_run(replace(config, name="nul")))
