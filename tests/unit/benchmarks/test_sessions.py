"""Sessions without browsers, on real servers: a plain page, a page with an error."""

import asyncio
import importlib
import os
import subprocess
import sys

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import sessions, visitors
from benchmarks.polling import Failed
from benchmarks.sessions import Session

BROKEN = """
import time
import streamlit as st

if st.button("Fail"):
    st.error("This text cannot be read.")
if st.button("Break"):
    raise ValueError("broken")
if st.button("Wait"):
    time.sleep(3)
st.button("Succeed")
"""


def plain_page():
    return importlib.import_module("benchmarks.class").PLAIN_PAGE


@pytest.fixture
def session(tmp_path):
    """A function that runs a coroutine on a session of a page with this script."""

    def visit(script, work):
        (tmp_path / "page.py").write_text(script, encoding="utf-8")

        async def run():
            session = Session(server.address, "")
            await session.greet()
            try:
                assert await session.open() > 0
                return await work(session)
            finally:
                await session.close()

        with sessions.serving(tmp_path / "page.py") as server:
            return asyncio.run(run())

    return visit


def test_a_session_ticks_moves_and_types_as_a_browser_does(session):
    shown, charts = [], []

    def see(message):
        element = message.delta.new_element
        shown.append(element.markdown.body)
        charts.append(element.WhichOneof("type") == "vega_lite_chart")

    async def work(session):
        session.watch = see
        assert session.is_live and session.interval == 1.0
        received = session.received
        assert await session.tick() > 0
        assert any(charts) and not any(shown) and session.received > received
        await session.move("Temperature", 1.25)
        assert "0 characters, 1.25" in shown
        await session.run(session.typed("text_input", "Text", "abcd"))
        assert "4 characters, 1.25" in shown
        assert not session.has("slider", "No such") and session.has("slider", "Temperature")

    session(plain_page(), work)


def test_what_a_page_refuses_breaks_lacks_or_is_too_slow_for_has_failed(session, monkeypatch):
    async def work(session):
        with pytest.raises(Failed, match="cannot be read"):
            await session.press("Fail")
        with pytest.raises(Failed, match="encountered an error"):
            await session.press("Break")
        with pytest.raises(Failed, match="no button “No such”"):
            await session.press("No such")
        with pytest.raises(Failed, match="no part of this page is live"):
            await session.tick()
        assert await session.press("Succeed") > 0
        monkeypatch.setattr(sessions, "TIMEOUT", 0.5)
        with pytest.raises(Failed, match="no answer within"):
            await session.press("Wait")
        with pytest.raises(Failed, match="connection is closed"):
            await session.press("Succeed")

    session(BROKEN, work)


def test_processes_of_a_server_are_counted_apart_and_those_that_train_not_at_all():
    usage, waits = sessions.Usage(os.getpid()), [sys.executable, "-c", "print(flush=True); input()"]
    before = usage.megabytes()[1]
    found = []
    for word in ("write", "work"):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([*waits, word], **pipes) as process:
            process.stdout.readline()
            web, others = usage.megabytes()
            found.append(others - before)
            process.communicate(b"\n")
    assert web > 20 and found[0] > 3 and found[1] == 0


def test_an_error_counts_as_the_longest_time_and_is_not_left_out():
    async def took(seconds):
        return seconds

    async def failed():
        raise Failed("no answer")

    async def fill(log):
        for number in range(18):
            await log.note(["tick"], took(0.5 + number))
        await log.note(["tick"], failed())
        await log.note(["first", "all"], took((1.0, 2.0)))
        await log.note(["first", "all"], failed())

    log = visitors.Log()
    asyncio.run(fill(log))
    assert log.row("tick") == {
        "event": "tick",
        "events": 19,
        "errors": 1,
        "p50, s": 9.5,
        "p95, s": sessions.TIMEOUT,
        "slowest, s": sessions.TIMEOUT,
        "problems": {"no answer": 1},
    }
    assert log.row("all")["p50, s"] == 2.0 and log.row("first")["errors"] == log.row("all")["errors"] == 1


@pytest.mark.parametrize(("percent", "value"), [(50, 3.0), (95, 5.0), (20, 1.0), (21, 2.0), (100, 5.0)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert visitors.percentile([1.0, 2.0, 3.0, 4.0, 5.0], percent) == value


def test_texts_have_begun_and_are_complete_when_all_samples_are():
    texts = visitors.Texts("ROMEO:\nfair ")

    def see(place, text):
        message = ForwardMsg()
        message.metadata.delta_path.extend([0, place])
        message.delta.new_element.code.code_text = text
        texts.see(message)

    for place in (1, 2, 3):
        see(place, "ROMEO:\nfair ")
    see(4, "charlab generate --seed-text 'ROMEO: fair'")
    see(1, "ROMEO:\nfair o")
    see(2, "ROMEO:\nfair l")
    assert not texts.first
    see(3, "ROMEO:\nfair s")
    assert texts.first and not texts.all
    for place in (11, 12):
        see(place, "ROMEO:\nfair " + "x" * 300)
    assert not texts.all
    see(13, "ROMEO:\nfair " + "x" * 300)
    assert texts.all >= texts.first > texts.began


def test_no_two_acts_have_the_same_text():
    assert len({visitors.unlike(number) for number in range(5_000)}) == 5_000
