"""A class without browsers: servers, sessions that speak Streamlit's protocol over WebSockets, and what both use.

A session sends what a browser sends and reads what it would draw, without drawing it. An answer takes from the
message that asks for it to the end of the script. What fails or does not come in time raises `Failed`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import websockets
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import common
from benchmarks.polling import TIMEOUT, Failed, Poller, live_route

LIVE_SECONDS = 5.0  # a part that is redrawn more rarely shows nothing live
WIDGETS = ("button", "slider", "text_area", "text_input")
TRAINING = {"work", "stand-ready"}  # commands of processes that train, or stand ready for it
_TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{}__events"  # as the frontend names what a component reports

# Servers


class Server(NamedTuple):
    """A running server: its address, the seconds until it served its first page, and the id of its process."""

    address: str
    seconds: float
    pid: int


@contextmanager
def serving(script: Path | None = None, checkout: Path = common.ROOT, **environment: str) -> Iterator[Server]:
    """A server on a free port, with a checkout's settings; its pages, or those of another script."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(script or checkout / "streamlit_app.py")]
    command += ["--server.port", str(port), "--server.headless", "true"]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=checkout, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
                    answer.read()
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - began > 60:
                    raise SystemExit("The server did not start.") from None
                time.sleep(0.01)
        yield Server(address, time.perf_counter() - began, process.pid)
    finally:
        process.terminate()
        process.wait(60)


class Usage:
    """What a web process uses, and the processes that it has started, those that train not included: seconds of
    processor time so far, and megabytes now."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    def processor_seconds(self) -> tuple[float, float]:
        """Of the web process, and of the others."""
        web, *others = (times.user + times.system for times in self._of_each(psutil.Process.cpu_times))
        return web, sum(others)

    def megabytes(self) -> tuple[float, float]:
        """Of the web process, and of the others."""
        web, *others = (memory.rss / 1e6 for memory in self._of_each(psutil.Process.memory_info))
        return web, sum(others)

    def _of_each(self, read: Callable[[psutil.Process], Any]) -> Iterator[Any]:
        yield read(self._process)
        for process in self._process.children(recursive=True):
            with suppress(psutil.Error):  # it has ended
                if not TRAINING.intersection(process.cmdline()):
                    yield read(process)


# Sessions


class Session:
    """One visitor with one page open."""

    def __init__(self, address: str, page: str, query: str = "") -> None:
        self._address, self._page, self.query = address, page, query
        self._cookies = self._page_hash = ""
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._answered: asyncio.Future[None] | None = None
        self._problem = ""
        self._widgets: dict[tuple[str, str], tuple[str, str]] = {}  # (type, label) -> (id, fragment)
        self._repeating: dict[str, float] = {}  # fragment -> the seconds after which it is asked for again
        self._poller: Poller | None = None
        self._reading = ""
        self._loader: Poller | None = None
        self.written = 0  # characters, in Write step by step
        self._bytes = 0
        self.watch: Callable[[ForwardMsg], None] | None = None  # is shown every change of the page

    @property
    def is_open(self) -> bool:
        return self._reader is not None and not self._reader.done()

    @property
    def cookies(self) -> str:
        """What the browser sends with every request."""
        return self._cookies

    @property
    def received(self) -> int:
        """Bytes that the server has sent."""
        return self._bytes + sum(one.received for one in (self._poller, self._loader) if one)

    async def greet(self) -> None:
        """Get the cookies that a browser gets with the page, before it connects."""
        self._cookies = await asyncio.to_thread(_cookies, f"{self._address}/{self._page}")

    async def open(self) -> float:
        """Connect and draw the page; returns the seconds until it was complete."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT):
                self._socket = await websockets.connect(
                    self._address.replace("http", "ws", 1) + "/_stcore/stream",
                    subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],
                    origin=self._address,
                    additional_headers={"Cookie": self._cookies} if self._cookies else None,
                    max_size=None,
                    ping_interval=None,
                    open_timeout=None,
                )
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            raise Failed(f"no connection: {error!r}") from error
        self._reader = asyncio.create_task(self._read())
        await self.run()
        return time.perf_counter() - began

    async def close(self) -> None:
        if self._reader:
            self._reader.cancel()
            self._reader = None
        if self._socket:
            self._socket.transport.abort()  # as a browser that is closed
        for one in (self._poller, self._loader):
            if one:
                one.close()

    async def run(self, *states: WidgetState, fragment: str = "", is_automatic: bool = False) -> float:
        """Change widgets, and let the page's script or one of its fragments run; returns the seconds until its
        end. One at a time."""
        if not self.is_open:
            raise Failed("the connection is closed")
        self._answered, self._problem = asyncio.get_running_loop().create_future(), ""
        began = time.perf_counter()
        try:
            await self._socket.send(self._request(states, fragment, is_automatic))
            async with asyncio.timeout(TIMEOUT):
                await self._answered
        except TimeoutError as error:
            await self.close()  # what comes now would be taken for the answer to something else
            raise Failed(f"no answer within {TIMEOUT:g} seconds") from error
        except websockets.WebSocketException as error:
            raise Failed(f"the connection is closed: {error!r}") from error
        if self._problem:
            raise Failed(self._problem)
        return time.perf_counter() - began

    # What is live

    @property
    def is_live(self) -> bool:
        """Whether a part of the page brings itself up to date."""
        return bool(self._poller or self._live())

    @property
    def interval(self) -> float:
        """Seconds from one tick to the next."""
        live = self._live()
        return self._repeating[live] if live else 1.0

    async def tick(self) -> float:
        """Bring the live part of the page up to date, as a browser does by itself; returns the seconds it took.

        The page says how: by a component whose data has the `route` to ask, or by a fragment that is to run again.
        """
        if self._poller:
            return await self._poller.get()
        live = self._live()
        if not live:
            raise Failed("no part of this page is live")
        return await self.run(fragment=live, is_automatic=True)

    def _live(self) -> str:
        return next((name for name, pause in reversed(self._repeating.items()) if pause <= LIVE_SECONDS), "")

    async def load(self) -> float:
        """Load what the Explainer's browser shows of a reading; returns the seconds it took."""
        if not self._reading:
            return 0.0
        self._loader = self._loader or Poller(self._address, "")  # one connection for all, as browsers keep theirs
        paths = [self._reading.replace("{what}", what) for what in ("head", "logits-0")]
        return sum([await self._loader.get(path) for path in paths])

    # Widgets

    def has(self, kind: str, label: str) -> bool:
        return (kind, label) in self._widgets

    async def press(self, label: str, *states: WidgetState) -> float:
        """Press a button, where other widgets were changed just before."""
        name, fragment = self._find("button", label)
        return await self.run(*states, WidgetState(id=name, trigger_value=True), fragment=fragment)

    async def move(self, label: str, value: float) -> float:
        """Move a slider."""
        name, fragment = self._find("slider", label)
        state = WidgetState(id=name)
        state.double_array_value.data.append(value)
        return await self.run(state, fragment=fragment)

    def typed(self, kind: str, label: str, text: str) -> WidgetState:
        """A text in a box that was not left yet."""
        return WidgetState(id=self._find(kind, label)[0], string_value=text)

    async def report(self, component: str, event: str, value: Any) -> float:
        """Let a component report an event, as its script does with `setTriggerValue`."""
        name, fragment = self._find("bidi_component", component)
        values = json.dumps([{"event": event, "value": value}])
        return await self.run(WidgetState(id=_TRIGGER.format(name), json_trigger_value=values), fragment=fragment)

    def _find(self, kind: str, label: str) -> tuple[str, str]:
        if found := self._widgets.get((kind, label)):
            return found
        raise Failed(f"the page has no {kind} “{label}”")

    # Messages

    def _request(self, states: tuple[WidgetState, ...], fragment: str, is_automatic: bool) -> bytes:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name, state.page_script_hash = self.query, self._page, self._page_hash
        state.fragment_id, state.is_auto_rerun = fragment, is_automatic
        state.widget_states.widgets.extend(states)
        state.context_info.url = f"{self._address}/{self._page}"
        state.context_info.timezone = "UTC"
        return message.SerializeToString()

    async def _read(self) -> None:
        message, problem = ForwardMsg(), "the server has closed the connection"
        try:
            async for data in self._socket:
                self._bytes += len(data)
                message.ParseFromString(data)
                self._take(message)
        except Exception as error:
            problem = f"the connection has ended: {error!r}"
        self._answer(problem)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(message.delta)
            if self.watch:
                self.watch(message)
        elif kind == "script_finished":
            status = message.script_finished
            if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                self._problem = "the script cannot be compiled"
            if status != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._answer()
        elif kind == "new_session" and not message.metadata.run.fragment_ids:
            self._repeating.clear()
        elif kind == "auto_rerun":
            self._repeating[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for name in message.stop_auto_rerun.fragment_ids:
                self._repeating.pop(name, None)
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string

    def _draw(self, delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        if kind == "bidi_component":
            self._mount(delta.new_element.bidi_component, delta.fragment_id)
        elif kind in WIDGETS:
            widget = getattr(delta.new_element, kind)
            self._widgets[kind, widget.label] = widget.id, delta.fragment_id
        elif kind == "exception":
            self._problem = f"{delta.new_element.exception.type}: {delta.new_element.exception.message}"
        elif kind == "alert" and delta.new_element.alert.format == Alert.ERROR:
            self._problem = delta.new_element.alert.body

    def _mount(self, component: BidiComponent, fragment: str) -> None:
        """Note a component. Its data may name a `route`, where its browser asks the server for what is new, say
        that it is answered `inBrowser`, without the server, when a reader moves something in it, say where the
        numbers of a `reading` are, or how many characters are `written`."""
        if '"inBrowser": true' not in component.json:
            self._widgets["bidi_component", component.component_name] = component.id, fragment
        if found := re.search(r'"reading": "([^"]+)"', component.json):
            self._reading = found[1]
        if found := re.search(r'"written": (\d+)', component.json):
            self.written = int(found[1])
        if self._poller is None and (path := live_route(component.json)):
            self._poller = Poller(self._address, path)

    def _answer(self, problem: str = "") -> None:
        self._problem = self._problem or problem
        if self._answered and not self._answered.done():
            self._answered.set_result(None)


def _cookies(address: str) -> str:
    with suppress(OSError), urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310
        return "; ".join(cookie.split(";")[0] for cookie in answer.headers.get_all("set-cookie", []))
    return ""
