"""Shared by browser tests: the app as people start it, and small actions on its pages."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from charlab.errors import CharlabError
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.waiting import wait_until

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
expect.set_options(timeout=60_000)  # a busy machine takes its time; nothing waits longer than it must
WAIT = 60_000  # milliseconds, the same for what is not an `expect`
CELLS = "[role=listbox][aria-label^='The text'] [role=option]"

# Listens to what the page asks of the server and what it hears of it. A script run is asked for (message 11 to the
# server), begins (4 from it) and ends (6, whose value 2 says that it begins again).
LISTEN = """(() => {
  const heard = window.charlabScript = { asked: false, running: false, runs: 0, messages: 0 };
  const note = (change) => Object.assign(heard, { messages: heard.messages + 1 }, change);
  const varint = (bytes, at) => {
    let value = 0, factor = 1;
    for (; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return [value, at];
    }
  };
  const read = (data, tell) => {
    const bytes = new Uint8Array(data);
    for (let at = 0, tag, value; at < bytes.length;) {
      [tag, at] = varint(bytes, at);
      [value, at] = varint(bytes, at);
      tell(Math.floor(tag / 8), value);
      if (tag % 8 === 2) at += value;
    }
  };
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => read(data, (field, value) => {
        if (field === 4) note({ asked: false, running: true, runs: heard.runs + 1 });
        if (field === 6) note({ running: value === 2 });
      }));
    }
    send(data) {
      read(data, (field) => {
        if (field === 11) note({ asked: true });
      });
      super.send(data);
    }
  };
})()"""
# Streamlit loads lazily what draws an element, and shows a skeleton until then; a component's node has one child
# before its script has drawn anything, and a chart is empty until Plotly has been loaded.
# Sliders send a fifth of a second after the last key: within `quiet` milliseconds, whose timer runs after theirs.
SETTLE = """async ([quiet, wait]) => {
  const app = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]";
  const sleep = (time) => new Promise((done) => setTimeout(done, time));
  const find = (selector) => [...document.querySelectorAll(selector)];
  const undrawn = {
    skeletons: () => find("[data-testid=stSkeleton], [data-testid=stAppSkeleton]"),
    components: () => find("[data-testid=stBidiComponentRegular], [data-testid=stBidiComponentIsolated]")
      .filter((node) => (node.shadowRoot ?? node).childElementCount < 2),
    charts: () => find(".charlab-chart:not([data-lazy])") // those far below the screen wait
      .filter((node) => !node.querySelector(".main-svg") && !node.textContent),
    images: () => find("img:not([loading=lazy])").filter((image) => !image.complete),
    fonts: () => [...document.fonts].filter((font) => font.status === "loading"),
  };
  const missing = () => Object.keys(undrawn).filter((kind) => undrawn[kind]().length);
  const isIdle = () => !charlabScript.asked && !charlabScript.running && document.querySelector(app);
  const isDone = () => isIdle() && !missing().length;
  for (const end = Date.now() + wait; Date.now() < end; await sleep(20)) {
    const before = charlabScript.messages;
    if (before && isDone() && (await sleep(quiet), isDone()) && charlabScript.messages === before) return "";
  }
  return isIdle() ? `not drawn: ${missing()}` : "its script did not come to an end";
}"""


@dataclass
class Served:
    """A running app: its address, process, folder of runs, and log, with how much of it was read."""

    address: str
    process: subprocess.Popen
    folder: Path
    log: Path
    read: int = 0

    def check_log(self) -> None:
        """The log must have no traceback since the last check."""
        said = self.log.read_text(encoding="utf-8", errors="replace")[self.read :]
        self.read += len(said)
        assert "Traceback" not in said, said

    @property
    def teachers_link(self) -> str:
        """The link that a class's server prints when it starts."""
        (link,) = re.findall(r"http://\S+/teacher-link\?token=\S+", self.log.read_text(encoding="utf-8"))
        return link

    def clear(self) -> None:
        """Stop training runs, and delete every run."""
        wait_until(self._is_at_rest)
        wait_until(self._is_empty)

    def _is_empty(self) -> bool:
        for run in all_runs(self.folder):
            with suppress(OSError, CharlabError):  # the queue may be writing down how it ended
                store.delete(run)
        return not list(all_runs(self.folder))

    def _is_at_rest(self) -> bool:
        for run in all_runs(self.folder):
            with suppress(CharlabError):
                control.stop(run, OPERATOR)  # one that waits leaves the queue
        workers = [child for child in psutil.Process(self.process.pid).children() if "work" in _command(child)]
        for worker in workers:
            with suppress(psutil.Error):
                worker.kill()
        return not workers and not any(run.status().state in store.ACTIVE for run in all_runs(self.folder))


@contextmanager
def serving(folder: Path, base: str = "", **environment: str) -> Iterator[Served]:
    """The app on a free port, its runs, cache and log in `folder`. No traceback may be in its log.

    `base` is the first part of every address, as behind a proxy that also serves other things. The server gets
    variables of its `environment`, such as CHARLAB_CLASS. No process stands ready to train unless they say so: it
    would take the processor from the pages that are tested.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {"CHARLAB_RUNS": str(folder / "runs"), "CHARLAB_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    command += ["--server.baseUrlPath", base] if base else []
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"CHARLAB_WARM": "0"} | folders | environment,
            stdout=output,
            stderr=output,
        )
    address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    served = Served(address, process, folder / "runs", log)
    try:
        wait_until(lambda: process.poll() is not None or _answers(served.address))
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield served
    finally:
        process.terminate()
        process.wait(60)
    served.check_log()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/_stcore/health", timeout=5)  # noqa: S310
    except OSError:
        return False
    return True


def new_context(browser: Browser, **settings) -> BrowserContext:
    """A fresh browser, whose pages `settled` can wait for."""
    context = browser.new_context(**settings)
    context.set_default_timeout(WAIT)
    context.add_init_script(LISTEN)
    return context


@contextmanager
def own_browsers(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """A function that opens a page at an address in a fresh browser each time; its `sent` has the bytes of each
    message to the server."""
    contexts: list[BrowserContext] = []

    def open_page(address: str) -> Page:
        contexts.append(new_context(browser, viewport={"width": 1440, "height": 1000}))
        page = contexts[-1].new_page()
        page.sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda data: page.sent.append(data)))
        page.goto(address)
        settled(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


def forget(page: Page) -> None:
    """Make a used browser like new, except for the scripts that it has cached."""
    page.unroute_all()
    page.goto("about:blank")
    page.mouse.move(0, 0)
    page.context.clear_cookies()
    tools = page.context.new_cdp_session(page)
    for origin in page.context.storage_state()["origins"]:
        tools.send("Storage.clearDataForOrigin", {"origin": origin["origin"], "storageTypes": "local_storage"})
    tools.detach()


def settled(page: Page) -> None:
    """Wait until every run of the page's script that was asked for, also by what was just done, has ended, and all
    that it sent is drawn."""
    page.wait_for_selector("[data-testid=stApp]")
    problem = page.evaluate(SETTLE, [250, WAIT])
    assert not problem, problem


def runs(page) -> int:
    """How often the page's script has run for this browser."""
    settled(page)
    return page.evaluate("charlabScript.runs")


def button(page: Page, name: str):
    """One of the page's own buttons: Streamlit's header has a Stop of its own while a page runs."""
    label = re.compile(rf"^{re.escape(name)}( Shortcut .*)?$")  # with the keys that press it
    return page.get_by_role("button", name=label).and_(page.locator("button:not([kind=header])"))


def unfold_settings(page: Page) -> None:
    """Open the model and the text of the Explainer, which fold to a line."""
    page.locator(".st-key-line-text_and_model button").click()
    expect(page.get_by_label("Text", exact=True)).to_be_visible()


def chart(page: Page, key: str) -> Locator:
    """The node of a chart, once it has been drawn, for which some must come near the screen."""
    page.locator(f".st-key-{key} .charlab-chart").scroll_into_view_if_needed()
    node = page.locator(f".st-key-{key} .js-plotly-plot")
    expect(node.locator(".main-svg").first).to_be_visible()
    return node
