"""The writers of a server: the same texts as without them, one after the other or at once, and their ends."""

import json
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from charlab.core.config import SampleConfig
from charlab.core.generation import chosen_probabilities, generate, texts
from charlab.core.reading import explain
from charlab.errors import CharlabError, ModelError, UnavailableError
from charlab.runs import models, subprocesses, writer, writers
from charlab.runs.store import Run
from charlab.runs.turns import Turn, Turns
from helpers.tiny import TINY, make_run, ngram_run, random_weights
from helpers.waiting import wait_until

SHORT = SampleConfig(length=60, samples=3, seed=5, temperature=0.8)
LONG = SampleConfig(length=100_000, samples=16)
PROMPT = "the fox "


@pytest.fixture(scope="module")
def pool():
    found = writers.Writers(most=1)
    yield found
    found.close()


@pytest.fixture
def as_pool(pool, monkeypatch):
    monkeypatch.setattr(writers, "pool", lambda: pool)


def generated(pool, sources, config=SHORT, session="a"):
    """The texts and probabilities [T, N] that writers generate."""
    with pool.generate(session, sources, config) as job:
        pieces = [piece for piece in writers.pieces(job) if piece]
    return list(map("".join, zip(*(piece.texts for piece in pieces), strict=True))), np.concatenate(
        [piece.probabilities for piece in pieces]
    )


def expected(model, config=SHORT, prompt=PROMPT):
    steps = list(generate(model.predictor, model.vocab, prompt, config))
    return texts(steps, model.vocab), np.array([chosen_probabilities(step) for step in steps])


@pytest.mark.parametrize("kind", TINY)
def test_writers_generate_the_same_texts_and_probabilities(pool, kind):
    model = models.load(make_run(kind).id)
    for config in (SHORT, SampleConfig(length=1), SampleConfig(length=700, temperatures=(0, 0.5, 2), top_k=5)):
        found, wanted = generated(pool, [(model, PROMPT)], config), expected(model, config)
        assert found[0] == wanted[0] and np.array_equal(found[1], wanted[1])
    found, wanted = generated(pool, [(model, "")]), expected(model, prompt="")
    assert found[0] == wanted[0]


def test_several_models_each_continue_their_own_prompt(pool):
    config = SampleConfig(length=40, samples=2)
    sources = [(models.load(make_run().id), "the "), (models.load(ngram_run().id), "fox")]
    found = generated(pool, sources, config)
    each = [expected(model, config, prompt) for model, prompt in sources]
    assert found[0] == each[0][0] + each[1][0]
    assert np.array_equal(found[1], np.concatenate([each[0][1], each[1][1]], axis=1))


@pytest.mark.parametrize("kind", TINY)
def test_a_text_is_read_as_without_writers(as_pool, kind):
    model = models.load(make_run(kind).id)
    text = "the quick brown fox? " * 5
    found, wanted = writers.read(model, text), explain(model.predictor, model.vocab, text)
    for name in vars(wanted):
        if name == "text":
            assert found.text == wanted.text
        else:
            assert np.array_equal(getattr(found, name), getattr(wanted, name), equal_nan=True), name
    assert np.array_equal(writers.logits(model, text), wanted.logits)
    with pytest.raises(CharlabError, match="There is no text to explain"):
        writers.read(model, "")


@pytest.mark.parametrize("kind", ["gru", "lstm", "transformer"])
def test_what_happens_inside_is_noted_as_without_writers(as_pool, kind):
    model = models.load(make_run(kind).id)
    found, wanted = writers.activations(model, PROMPT * 9), writer.activations(model, PROMPT * 9)
    exact = model.predictor.activations(model.vocab.encode(PROMPT * 9).astype(np.int64))
    assert list(found) == list(wanted) == list(exact)
    for name, values in found.items():
        assert values.dtype == np.float16 and np.array_equal(values, wanted[name])
        np.testing.assert_allclose(values, exact[name], rtol=1e-3, atol=1e-6)


def test_thirty_at_once_beside_a_long_one_are_each_the_same_and_do_not_wait_for_it(pool):
    model, wanted, found = models.load(make_run().id), {}, {}

    def ask(seed: int) -> None:
        config = SHORT.replace(seed=seed)
        found[seed] = generated(pool, [(model, PROMPT)], config, session=str(seed))[0]

    with pool.generate("long", [(model, PROMPT)], LONG) as long:
        next(filter(None, writers.pieces(long)))
        threads = [threading.Thread(target=ask, args=(seed,), daemon=True) for seed in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not long.is_done
    for seed in range(30):
        wanted[seed] = expected(model, SHORT.replace(seed=seed))[0]
    assert found == wanted


def test_the_first_piece_comes_before_the_text_is_complete_and_others_are_few(pool):
    model = models.load(make_run().id)
    sizes, began = [], time.monotonic()
    with pool.generate("a", [(model, PROMPT)], SampleConfig(length=20_000)) as job:
        for piece in writers.pieces(job):
            if piece:
                sizes.append(len(piece.texts[0]))
    seconds = time.monotonic() - began
    assert sizes[0] <= 20 and sum(sizes) == 20_000
    assert len(sizes) <= 2 + seconds / 0.3


@pytest.mark.parametrize("how", ["leaves", "raises"])
def test_the_work_ends_when_nobody_waits_for_it(pool, how):
    model = models.load(make_run().id)

    class Stop(Exception):
        pass

    def check() -> None:
        if how == "raises":
            raise Stop

    if how == "raises":
        with pytest.raises(Stop), pool.generate("a", [(model, PROMPT)], LONG) as job:
            list(writers.pieces(job, check))
    else:
        with pool.generate("a", [(model, PROMPT)], LONG) as job:
            next(filter(None, writers.pieces(job)))
    wait_until(lambda: job.is_done)
    assert not job.writer.jobs
    process = psutil.Process(job.writer.popen.pid)
    wait_until(lambda: process.num_threads() <= 3 and process.cpu_percent(0.2) < 20)


def test_who_finds_all_places_taken_waits_in_line_and_is_told_where_the_line_is_full(pool, monkeypatch):
    monkeypatch.setattr(writers, "AT_ONCE", 1)
    monkeypatch.setattr(writers, "MOST_IN_LINE", 2)
    model = models.load(make_run().id)
    sources = [(model, PROMPT)]
    with pool.generate("a", sources, LONG) as served, pool.generate("b", sources, SHORT) as first:
        with pool.generate("c", sources, SHORT) as second:
            assert [served.place, first.place, second.place] == [0, 1, 2]
            with pytest.raises(UnavailableError, match="2 others are waiting"):
                pool.generate("d", sources, SHORT)
        assert second.place == 0 and not second.writer  # it has left the line
        served.__exit__()
        found = [piece for piece in writers.pieces(first) if piece]
    assert "".join(piece.texts[0] for piece in found) == expected(model)[0][0]


def test_what_is_wrong_comes_back_as_the_same_sentence(pool):
    run = make_run()
    model = models.load(run.id)
    run.weights_path("best").write_bytes(b"no weights")
    with pytest.raises(CharlabError) as here:
        models.load(run.id)
    with pytest.raises(type(here.value)) as there:
        generated(pool, [(model, PROMPT)])
    assert str(there.value) == str(here.value)


def test_a_model_that_was_deleted_meanwhile_is_told(pool):
    run = make_run()
    model = models.load(run.id)
    shutil.rmtree(run.path)
    with pytest.raises(ModelError, match="There is no model"):
        generated(pool, [(model, PROMPT)])


def test_a_defect_is_none_of_the_sentences_for_people(pool):
    job = pool._ask("a", do="generate", sources=[{}], config=SHORT.to_json())
    with pytest.raises(RuntimeError, match="KeyError"), job:
        list(writers.pieces(job))


def test_weights_that_have_changed_are_not_used_for_another_models_text(pool):
    run = make_run()
    model = models.load(run.id)
    other = random_weights(TINY["gru"], len(run.vocab()), seed=9)
    run.write_weights(other, "best")
    with pytest.raises(writers.WeightsChanged):
        generated(pool, [(model, PROMPT)])
    again = models.load(run.id)
    assert generated(pool, [(again, PROMPT)])[0] == expected(again)[0]
    run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=8), "best")
    assert generated(pool, [(again, PROMPT)])[0] == expected(again)[0]  # it still has these


def test_a_process_that_is_killed_is_told_and_replaced():
    pool = writers.Writers(most=1)
    model = models.load(make_run().id)
    try:
        with pool.generate("a", [(model, PROMPT)], LONG) as job:
            next(filter(None, writers.pieces(job)))
            job.writer.popen.kill()
            with pytest.raises(UnavailableError, match="stopped unexpectedly"):
                list(writers.pieces(job))
        assert generated(pool, [(model, PROMPT)])[0] == expected(model)[0]
    finally:
        pool.close()


@pytest.mark.parametrize("answer", ['{"job": 1, "by', '{"job": 1, "bytes": 16, "texts": ["a"]}\nshort'])
def test_a_process_that_is_killed_while_it_answers_is_told(monkeypatch, answer):
    script = f"import sys; sys.stdin.readline(); print({answer!r}, end='')"
    monkeypatch.setattr(subprocesses, "command", lambda *words: [sys.executable, "-c", script])
    pool = writers.Writers(most=1)
    with pool.generate("a", [(models.load(make_run().id), PROMPT)], SHORT) as job:
        until = time.monotonic() + 60

        def check() -> None:
            assert time.monotonic() < until, "nobody was told"

        with pytest.raises(UnavailableError, match="stopped unexpectedly"):
            list(writers.pieces(job, check))
    pool.close()


def test_where_no_second_process_can_be_started_the_first_does_the_work(monkeypatch):
    pool = writers.Writers(most=2)
    model = models.load(make_run().id)
    try:
        pool.prepare()
        monkeypatch.setattr(subprocesses, "command", lambda *words: ["/no/such/program"])
        for number in range(writers._SHARED_FROM):
            pool.generate(str(number), [(model, PROMPT)], LONG)
        assert generated(pool, [(model, PROMPT)])[0] == expected(model)[0]
        assert len(pool._processes) == 1
    finally:
        pool.close()


def test_a_process_that_cannot_be_started_is_told(monkeypatch):
    monkeypatch.setattr(subprocesses, "command", lambda *words: ["/no/such/program"])
    pool = writers.Writers(most=1)
    with pytest.raises(UnavailableError, match="/no/such/program"):
        generated(pool, [(models.load(make_run().id), PROMPT)])


def test_processes_are_started_when_they_are_needed_and_end_with_the_server():
    pool = writers.Writers(most=2)
    model = models.load(make_run().id)
    assert not pool._processes
    jobs = [pool.generate(str(n), [(model, PROMPT)], LONG) for n in range(6)]
    first, second = processes = [process.popen for process in pool._processes]
    assert first.args[-2:] == second.args[-2:] == ["charlab", "write"]
    for job in jobs:
        next(filter(None, writers.pieces(job)))
    pool.close()
    assert [process.returncode for process in processes] == [0, 0]


def test_a_writer_does_not_outlive_a_server_that_is_killed():
    script = (
        "import sys, time; from charlab.runs import writers; pool = writers.Writers(); pool.prepare(); "
        "print(pool._processes[0].popen.pid, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    pid = json.loads(server.stdout.readline())
    assert psutil.pid_exists(pid)
    server.kill()
    server.wait()
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize("pause", [0.0, 3600.0])
def test_pieces_of_any_size_make_the_same_text(monkeypatch, pause):
    monkeypatch.setattr(writer, "PIECE_SECONDS", pause)
    run, found, config = make_run(), [], SampleConfig(length=25, samples=2)
    model = models.load(run.id)
    source = {"path": str(run.path), "weights_name": "best", "digest": model.digest, "prompt": PROMPT}
    with Turn(Turns(), "a") as turn:
        last = writer._generate(
            lambda array=None, **fields: found.append((array, fields)),
            turn,
            writer._Models(),
            [source],
            config.to_json(),
        )
    pieces = [(array, fields["texts"]) for array, fields in [*found, last] if "texts" in fields]
    assert len(pieces) == (25 if pause == 0 else 2)
    assert [read["read"] for _, read in found if "read" in read] == ([*range(1, 9)] if pause == 0 else [])
    wanted = expected(model, config)
    assert ["".join(texts) for texts in zip(*(texts for _, texts in pieces), strict=True)] == wanted[0]
    assert np.array_equal(np.concatenate([array for array, _ in pieces]), wanted[1])


def test_models_are_kept_within_limits(monkeypatch):
    kept, runs = writer._Models(), [make_run() for _ in range(10)]

    def find(run: Run):
        source = {"path": str(run.path), "weights_name": "best", "digest": models.load(run.id).digest}
        return kept.find(source)

    assert find(runs[0]) is find(runs[0])
    for run in runs:
        find(run)
    assert len(kept._found) == writer._MOST_MODELS
    monkeypatch.setattr(writer, "_MOST_BYTES", 1)
    find(runs[0])
    assert len(kept._found) == 1
