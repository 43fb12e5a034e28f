import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.errors import RunError
from charlab.runs import store
from charlab.runs.store import Run, RunConfig, Status
from helpers.runs import all_runs
from helpers.tiny import TINY, make_run


def test_what_is_written_is_read_back():
    run = make_run()
    again = store.find(run.id)
    assert again.config() == run.config()
    assert RunConfig.from_json(json.loads(json.dumps(run.config().to_json()))) == run.config()
    assert again.vocab() == run.vocab()
    assert again.status().state == "done"
    for name, array in run.weights("best").items():
        np.testing.assert_array_equal(array, again.weights("best")[name])
    assert run.weight_names() == ["best", "last"]
    assert [other.id for other in all_runs()] == [run.id]


def test_two_runs_of_one_name_and_second_are_two():
    first, second = make_run(), make_run()
    assert first.id != second.id
    assert {run.id for run in all_runs()} == {first.id, second.id}


def test_a_new_run_waits(tmp_path):
    config = RunConfig(
        "Romeo & Juliet!", "custom", "shakespeare", "0" * 64, TINY["gru"], make_run().config().train
    )
    run = store.create(config, Vocab("ab"), tmp_path / "there")
    assert run.status().state == "queued" and run.id.endswith("romeo-juliet")


def test_a_run_whose_worker_is_gone_reads_as_failed_in_words():
    run = make_run(state="running")
    with run.lock():
        assert run.is_held() and run.status().state == "running"
    status = run.status()
    assert status.state == "failed" and "worker process stopped unexpectedly" in status.reason
    assert run.recorded_status().state == "running"


def test_equal_files_are_parsed_once():
    first, second = make_run(), make_run()
    assert first.vocab() is second.vocab() and first.config() is Run(first.path).config()
    first.write_config(replace(first.config(), name="Another name"))
    assert first.config().name == "Another name" != second.config().name


def test_a_run_that_ends_while_it_is_looked_at_has_not_failed(monkeypatch):
    run = make_run(state="running")

    def ends_first(run):
        run.write_status(store.Status("done"))
        return False

    monkeypatch.setattr(store.Run, "is_held", ends_first)
    assert run.status().state == "done"


def test_requests_show_in_the_state_of_a_running_run():
    run = make_run(state="running")
    with run.lock():
        run.ask("pause")
        assert run.status().state == "pausing" and run.request() == "pause"
        run.ask("stop")
        assert run.status().state == "stopping"
        run.ask(None)
        assert run.status().state == "running"
    with pytest.raises(RunError, match="pause and stop"):
        run.ask("fly")


def test_events_are_read_from_where_reading_ended_and_half_a_line_is_passed_over():
    run = make_run()
    run.append_event({"event": "note", "text": "é\n\u2028"})
    events, place = run.events()
    assert events == [{"event": "note", "text": "é\n\u2028"}]
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"event": "note", "te')
    assert run.events(place) == ([], place)
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'xt": "b"}\n')
    assert run.events(place)[0] == [{"event": "note", "text": "b"}]
    run.cut_events(place)
    assert len(run.events()[0]) == 1


def test_a_reader_never_sees_half_a_file():
    run, seen = make_run(), set()
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.add(len(run.recorded_status().reason))

    reader = threading.Thread(target=read)
    reader.start()
    for length in [10, 100_000] * 50:
        run.write_status(Status("done", reason="x" * length))
    done.set()
    reader.join()
    assert seen <= {0, 10, 100_000}
    assert not list(run.path.glob(".*tmp"))


@pytest.mark.parametrize("name", ["../secret", "", "a/b", "nothing-there"])
def test_only_a_runs_own_name_finds_it(name):
    make_run()
    with pytest.raises(RunError):
        store.find(name)


def test_weights_have_names_of_their_own():
    run = make_run()
    with pytest.raises(RunError, match="Available weights: best, last"):
        run.weights("epoch-009")
    with pytest.raises(RunError):
        run.weights("../best")


def test_broken_files_are_told_in_words():
    run = make_run()
    (run.path / "weights" / "best.safetensors").write_bytes(b"not weights")
    with pytest.raises(RunError, match="safetensors"):
        run.weights()
    (run.path / "status.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be read"):
        run.status()


def test_a_run_is_deleted_unless_it_is_held():
    run = make_run()
    with run.lock(), pytest.raises(RunError, match="Stop it first"):
        store.delete(run)
    store.delete(run)
    assert not list(all_runs())


def test_a_folder_that_is_no_run_is_passed_over(tmp_path):
    (store.runs_folder() / "other").mkdir(parents=True)
    assert list(all_runs()) == []
    with pytest.raises(RunError, match="missing"):
        Run(store.runs_folder() / "other").config()
