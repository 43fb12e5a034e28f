"""What the benchmarks share, and that each can be started; their figures are not tested."""

import importlib
import json

import pytest

from benchmarks import common, everything


def test_ways_take_turns_and_every_other_round_is_reversed():
    order = []
    ways = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    results = common.take_turns(ways, rounds=3)
    assert "".join(order) == "abccbaabc"
    assert results == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_a_ratio_is_the_median_of_the_rounds_not_of_the_sums():
    assert common.ratio([10, 10, 100], [5, 10, 10]) == 2


def test_a_table_has_the_first_rows_columns_and_leaves_gaps_empty():
    lines = common.table([{"way": "ours", "speed": 12345.6}, {"way": "theirs"}]).splitlines()
    assert lines == ["| way | speed |", "|---|---|", "| ours | 12,346 |", "| theirs |  |"]


def test_a_worker_answers_and_its_end_is_told_with_what_it_said(tmp_path):
    (tmp_path / "echo.py").write_text(
        "from benchmarks import common\n"
        "def answer(**request):\n"
        "    print('aside')\n"
        "    return {'double': 2 * request['number']}\n"
        "common.serve(answer)\n",
        encoding="utf-8",
    )
    path = {"PYTHONPATH": str(tmp_path)}
    with common.Worker("echo", environment=path) as worker:
        assert worker.ask(number=4) == {"double": 8}
        assert worker.ask(number=5) == {"double": 10}
    with pytest.raises(SystemExit, match="KeyError"), common.Worker("echo", environment=path) as worker:
        worker.ask(nothing=1)


def test_report_writes_json_beside_the_table(tmp_path, capsys):
    options = common.parser("Words.", rounds=1).parse_args(["--json", str(tmp_path / "new" / "figures.json")])
    common.report("name", options, common.machine(), {"Speeds:": [{"way": "ours", "speed": 3.0}]}, {"ours": [3.0]})
    assert "| ours | 3 |" in capsys.readouterr().out
    document = json.loads((tmp_path / "new" / "figures.json").read_text(encoding="utf-8"))
    assert document["tables"]["Speeds:"] == [{"way": "ours", "speed": 3.0}] and document["machine"]["cores"] > 0


@pytest.mark.parametrize("name", ["everything", *everything.SCRIPTS])
def test_each_script_says_what_it_can_be_told(name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()
    assert ended.value.code == 0 and "--short" in capsys.readouterr().out
