"""The comparison of two checkouts, on small fakes: it sees what differs, and looks past words."""

import io
import json
import struct
import zipfile

import pytest

from benchmarks import compare_checkouts

FAKE = """
import json, pathlib, shutil, sys
here = pathlib.Path(__file__).parent
command, arguments = sys.argv[1], sys.argv[2:]
document = json.loads((here / "answers.json").read_text(encoding="utf-8")).get(command, {})
if command == "export":
    shutil.copy(here / f"exported-{arguments[2]}", arguments[4])
elif document == "fails":
    sys.exit("charlab: There is no such thing.")
else:
    print(json.dumps(document))
"""
ANSWERS = {
    "presets": [{"name": "quick-gru", "title": "Quick", "about": "Words.", "train": {"learning_rate": 0.012}}],
    "corpora": [{"name": "reber", "title": "Grammar", "characters": 500000}],
    "generate": {"samples": ["To be, or not"], "characters_per_second": 1000.0},
    "explain": {"bits_per_character": 2.5, "steps": [{"position": 0, "top": [["e", 0.25]]}]},
    "evaluate": {"loss_nats": 1.5, "characters": 10},
    "train": {"run": "the-run", "val_loss": 0.7, "seconds": 3.1, "characters_per_second": 5.0},
}
SCRIPT = '''"""The training of “Quick” on shakespeare."""
import sys

UNITS = 256    # numbers in the state

def grow(x):
    """One more."""
    if x < 0:
        raise ValueError(f"{x} is too small")
    print("so far", f"{x:.2f} nats")
    return x + 1

if len(sys.argv) != 2:
    sys.exit("Say which text: " + sys.argv[0])
'''


def make_bundle(**changes):
    numbers = struct.pack("<2f", *changes.get("numbers", (1.0, 2.0)))
    header = json.dumps({"head": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    config = {"name": "Quick", "model": {"units": 256}} | changes.get("config", {})
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        archive.writestr("weights/best.safetensors", struct.pack("<Q", len(header)) + header + numbers)
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metrics.jsonl", '{"event": "epoch", "val_loss": 1.5}\n')
        archive.writestr("model-card.md", changes.get("card", "# Quick"))
    return result.getvalue()


def checkout(folder, answers=ANSWERS, script=SCRIPT, **changes):
    package = folder / "charlab"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(FAKE, encoding="utf-8")
    (package / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    (package / "exported-script").write_text(script, encoding="utf-8")
    (package / "exported-bundle").write_bytes(make_bundle(**changes))
    return str(folder)


@pytest.fixture
def old(tmp_path):
    return checkout(tmp_path / "old")


@pytest.fixture
def compared(tmp_path, old, capsys):
    """The exit status and the rows that say `differs`, where the new checkout has these changes."""

    def compare(only="", **changes):
        new = checkout(tmp_path / "new", **changes)
        status = compare_checkouts.main([old, new, "--only", only])
        printed = capsys.readouterr().out
        rows = [line for line in printed.splitlines() if line.startswith("|")][2:]
        assert rows and all("| same |" in row or "| differs |" in row for row in rows)
        return status, [row for row in rows if "| differs |" in row]

    return compare


def test_two_checkouts_that_do_the_same_are_the_same_in_every_check(compared):
    assert compared() == (0, [])


def test_speed_times_and_words_may_differ(compared):
    answers = json.loads(json.dumps(ANSWERS).replace('"Quick"', '"Fast"').replace('"Words."', '"Other words."'))
    answers["generate"]["characters_per_second"] = 1.0
    answers["train"] |= {"seconds": 9.9, "characters_per_second": 1.0}
    changes = {"config": {"name": "Fast"}, "card": "# Fast"}
    assert compared("quick-gru", answers=answers, **changes) == (0, [])


@pytest.mark.parametrize(
    ("command", "old_number", "new_number", "place"),
    [
        ("generate", "or not", "or nod", "/samples/0: from character 12 on"),
        ("explain", "0.25", "0.25000000000000006", "/steps/0/top/0/1: 0.25 -> 0.25000000000000006"),
        ("evaluate", "1.5", "1.25", "/loss_nats: 1.5 -> 1.25"),
        ("evaluate", "10", "10.0", "/characters: 10 -> 10.0"),
        ("presets", "0.012", "0.013", "/0/train/learning_rate: 0.012 -> 0.013"),
        ("presets", "quick-gru", "quicker-gru", "/0/name: from character 5 on"),
        ("corpora", "500000", "500001", "/0/characters: 500000 -> 500001"),
        ("train", "0.7", "0.71", "/results/val_loss: 0.7 -> 0.71"),
    ],
)
def test_one_changed_number_is_told_with_its_place(compared, command, old_number, new_number, place):
    answers = ANSWERS | {command: json.loads(json.dumps(ANSWERS[command]).replace(old_number, new_number, 1))}
    status, rows = compared(command, answers=answers)
    assert status == 1 and rows and all(place in row for row in rows)


def test_a_key_that_is_gone_and_an_entry_more_are_told(compared):
    answers = ANSWERS | {"explain": {"bits_per_character": 2.5, "steps": ANSWERS["explain"]["steps"] * 2}}
    answers["corpora"] = [{"name": "reber", "title": "Grammar"}]
    status, rows = compared(answers=answers)
    assert status == 1 and "/0/characters: only in the old one" in rows[0]
    assert len(rows) == 6 and all("/steps: 1 entries -> 2" in row for row in rows[1:])


def test_one_changed_number_in_an_array_is_told(compared):
    status, (row,) = compared("bundle", numbers=(1.0, 2.0000002))
    assert status == 1 and "/weights/best.safetensors/head/numbers: from byte 4 on" in row


def test_a_changed_setting_in_a_bundle_is_told(compared):
    status, (row,) = compared("bundle", config={"model": {"units": 255}})
    assert status == 1 and "/config.json/model/units: 256 -> 255" in row


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# numbers in the state", "# how many it has"),
        ("One more.", "The next one.\n\n    It is larger."),
        ("The training of “Quick”", "How “Fast” is trained"),
        ("so far", "until now"),
        ("nats", "nats a character"),
        ("is too small", "is below zero"),
        ("Say which text: ", "Name a text: "),
        ("UNITS = 256    #", "UNITS = (256)\n#"),
    ],
)
def test_comments_docstrings_layout_and_wording_of_a_script_may_differ(compared, before, after):
    assert before in SCRIPT
    assert compared("script", script=SCRIPT.replace(before, after)) == (0, [])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("UNITS = 256", "UNITS = 255", "UNITS = 256"),
        ("x + 1", "x + 2", "return x + 1"),
        ("{x:.2f}", "{x:.3f}", ":.2f"),
        ("{x} is", "{-x} is", "raise ValueError"),
        ("ValueError", "TypeError", "raise ValueError"),
        ("+ sys.argv[0]", "+ sys.argv[1]", "sys.argv[0]"),
    ],
)
def test_changed_code_is_told(compared, before, after, told):
    assert before in SCRIPT
    status, rows = compared("script", script=SCRIPT.replace(before, after))
    assert status == 1 and len(rows) == 2 and all(told in row for row in rows)


def test_a_command_that_fails_is_a_difference_and_in_both_checkouts_too(tmp_path, compared, old):
    answers = ANSWERS | {"explain": "fails"}
    status, rows = compared("explain", answers=answers)
    assert status == 1 and len(rows) == 5
    assert "the new checkout fails: exit status 1: charlab: There is no such thing." in rows[0]
    assert compare_checkouts.main([str(tmp_path / "new"), str(tmp_path / "new"), "--only", "explain"]) == 1


def test_a_folder_without_charlab_and_words_of_no_check_are_refused(tmp_path, old, capsys):
    for arguments, words in (([old, str(tmp_path)], "no checkout of CharLab"), ([old, old, "--only", "x?"], "x?")):
        with pytest.raises(SystemExit) as ended:
            compare_checkouts.main(arguments)
        assert ended.value.code == 2 and words in capsys.readouterr().err
