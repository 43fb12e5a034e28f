"""A class in real browsers: two students and a teacher on one server.

Ben cannot steer Anna's run by page, by link, by a forged cookie or by a message over the websocket; Anna and the
teacher can.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from helpers.browser import Served, button, own_browsers, serving, settled, wait_until
from helpers.runs import all_runs

SLOW = "corpus=coin-flips&preset=custom&accelerator=auto&epochs.custom=5000&custom.units=16&custom.batch_size=4"
TOLD = "This run was started in another browser: only that browser and the teacher can"
CONTROLS = ("Pause", "Stop", "Resume", "Train longer", "Rename", "Delete")
pytestmark = pytest.mark.browser


@pytest.fixture
def school(tmp_path):
    with serving(tmp_path, CHARLAB_CLASS="1", STREAMLIT_BROWSER_SERVER_ADDRESS="127.0.0.1") as served:
        yield served


@pytest.fixture
def open_page(chrome):
    """A function that opens a new browser, at an address."""
    with own_browsers(chrome) as open_one:
        yield open_one


def cookie_of(page: Page) -> str:
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "charlab_name")


def press_and_record(page: Page, name: str) -> BackMsg:
    """Press a button of a run; returns the message that the page sent for it."""
    page.sent.clear()
    button(page, name).click()
    settled(page)
    for data in page.sent:
        message = BackMsg.FromString(data)
        if any(widget.trigger_value for widget in message.rerun_script.widget_states.widgets):
            return message
    raise AssertionError("the page sent no message for the button")


@contextmanager
def session(served: Served, cookie: str, like: BackMsg):
    """A connection with this cookie to the page that sent the message `like`, after the page's first run."""
    address = served.address.replace("http://", "ws://") + "/_stcore/stream"
    first = BackMsg()
    first.CopyFrom(like)
    first.rerun_script.ClearField("widget_states")
    first.rerun_script.ClearField("fragment_id")
    headers = {"Cookie": f"charlab_name={cookie}"}
    with connect(address, origin=served.address, additional_headers=headers, proxy=None, max_size=None) as socket:
        send(socket, first)
        yield socket


def send(socket: ClientConnection, message: BackMsg) -> None:
    """Send a message, and wait until the script has run for it."""
    socket.send(message.SerializeToString())
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if ForwardMsg.FromString(socket.recv(timeout=30)).WhichOneof("type") == "script_finished":
            return
    raise AssertionError("the script did not come to an end")


def forgeries(message: BackMsg) -> list[BackMsg]:
    """The message as it was sent, and as a press that the whole page is run for."""
    whole = BackMsg()
    whole.CopyFrom(message)
    whole.rerun_script.ClearField("fragment_id")
    return [message, whole]


def shows_no_control(page: Page) -> None:
    expect(page.get_by_text(TOLD)).to_have_count(1)
    for name in CONTROLS:
        expect(button(page, name)).to_have_count(0)


def test_only_anna_and_the_teacher_steer_annas_run(school, open_page):
    anna = open_page(f"{school.address}/train?{SLOW}")
    button(anna, "Start").click()
    wait_until(lambda: list(all_runs(school.folder)))
    (run,) = all_runs(school.folder)
    state = lambda: run.status().state  # noqa: E731
    link = f"{school.address}/train?run={run.id}"
    assert cookie_of(anna).startswith(run.config().owner + ".")

    # Ben watches by page and by link, and controls nothing; nor with Anna's name in a cookie that he made
    ben = open_page(link)
    name, own = run.config().owner, cookie_of(ben)
    shows_no_control(ben)
    forged = f"{name}.{own.partition('.')[2]}"  # with his own signature
    ben.context.add_cookies([{"name": "charlab_name", "value": forged, "url": school.address}])
    ben.reload()
    settled(ben)
    shows_no_control(ben)
    assert not cookie_of(ben).startswith(name)
    ben_cookie = cookie_of(ben)

    # The owner pauses and resumes
    wait_until(lambda: run.status().step > 0)
    recorded = press_and_record(anna, "Pause")
    wait_until(lambda: state() == "paused")
    button(anna, "Resume").click()
    wait_until(lambda: state() == "running")

    # Her message does nothing over Ben's connection, and pauses the run over a second one of hers
    with session(school, ben_cookie, recorded) as socket:
        for message in forgeries(recorded):
            send(socket, message)
    time.sleep(1)
    assert state() == "running" and run.request() is None
    with session(school, cookie_of(anna), recorded) as socket:
        send(socket, forgeries(recorded)[1])
    wait_until(lambda: state() == "paused")

    # The teacher, whose token is neither in the address nor in the history, does everything; Ben is told
    teacher = open_page(school.teachers_link)
    assert teacher.url == f"{school.address}/" and teacher.evaluate("history.length") <= 2
    assert "token" not in teacher.evaluate("document.cookie + document.referrer")
    teacher.goto(link)
    settled(teacher)
    expect(button(teacher, "Teacher")).to_be_visible()
    button(teacher, "Resume").click()
    wait_until(lambda: state() in ("queued", "running"))
    button(teacher, "Stop").click()
    wait_until(lambda: state() == "stopped")
    settled(teacher)
    button(teacher, "Delete").click()
    button(teacher, "Delete permanently").click()
    wait_until(lambda: not run.path.exists())
    for page in (ben, anna):
        button(page, "Compare").click()  # whatever makes the page run again
        settled(page)
        expect(page.get_by_text(re.compile("Run “.*” was deleted"))).to_be_visible()

    # A role that was given up stays so when the page is loaded again
    button(teacher, "Teacher").click()
    button(teacher, "Give up this role").click()
    settled(teacher)
    teacher.reload()
    settled(teacher)
    expect(button(teacher, "Teacher")).to_have_count(0)
