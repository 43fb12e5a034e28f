"""Devices of a class on a real server: runs that train at once stay apart, and the server trains nothing."""

import asyncio
from urllib.parse import urlencode

import numpy as np
import psutil

from benchmarks.many_devices import Student
from benchmarks.sessions import TRAINING, Session
from charlab.core.reading import evaluate
from charlab.runs import models, store
from helpers.browser import serving
from helpers.waiting import wait_until

STUDENTS = 3
LINK = {"corpus": "coin-flips", "preset": "custom", "custom.units": 16, "accelerator": "device"}
LINK |= {"budget.custom": "epochs", "epochs.custom": 1}


async def live(student):
    """Start a run on the Train page and train it for its one epoch."""
    await student.start()
    device = student.device
    answers = [await student.in_thread(device.report, True)]
    while device.step < device.steps_per_epoch:
        await asyncio.sleep(0.3)
        device.take_steps(min(40, device.steps_per_epoch - device.step), 0.1)
        answers.append(await student.in_thread(device.report))
    answers.append(await student.in_thread(device.end, "done"))
    await student.session.close()
    assert [answer.status_code for answer in answers] == [200] * len(answers)


async def a_class(address):
    students = [Student(Session(address, "train", urlencode(LINK)), address, n) for n in range(STUDENTS)]
    await asyncio.gather(*map(live, students))
    return students


def test_devices_of_a_class(tmp_path):
    with serving(tmp_path, CHARLAB_CLASS="1", CHARLAB_WARM="0") as served:
        students = asyncio.run(a_class(served.address))
        runs = [store.Run(served.folder / student.device.run) for student in students]
        wait_until(lambda: all(run.status().state == "done" for run in runs), 60)
        commands = [process.cmdline() for process in psutil.Process(served.process.pid).children(recursive=True)]
        foreign = students[0].device.ask
        students[1].device.ask = foreign
        assert students[1].device.report().status_code == 403
        served.check_log()
    assert len({run.config().owner for run in runs}) == STUDENTS
    assert not any(TRAINING.intersection(command) for command in commands)
    for run, student in zip(runs, students, strict=True):
        weights = run.weights("last")
        assert all(np.array_equal(weights[name], array) for name, array in student.device.weights.items())
        evaluations = [event["step"] for event in run.events()[0] if event["event"] == "epoch"]
        assert (evaluations[0], evaluations[-1]) == (0, student.device.step)
        model = models.load(str(run.path), "last")
        ids = model.vocab.encode("HTHHTTHT" * 10)
        assert evaluate(model.predictor, model.vocab, ids).characters > 50
