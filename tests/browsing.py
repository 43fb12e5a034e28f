"""What browser tests share: the app as people start it, and the small moves they make on its pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

ROOT = Path(__file__).parent.parent
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
expect.set_options(timeout=20_000)  # a busy machine is slow, and waits for what comes at last
CELLS = "[role=listbox][aria-label^='The text'] [role=option]"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app on a free port, its log in `folder`: (address, process). No traceback may be in its log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)  # noqa: S310
            break
        except OSError:
            time.sleep(0.2)
    yield address, process
    process.terminate()
    process.wait(40)
    said = log.read_text(encoding="utf-8")
    assert "Traceback" not in said, said


def settled(page: Page) -> None:
    """Wait until the page has drawn itself and its script has ended."""
    page.wait_for_selector("[data-testid=stApp]")
    page.wait_for_timeout(500)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(300)


def button(page: Page, name: str):
    """One of the page's own buttons: Streamlit's header has a Stop of its own while a page runs."""
    return page.get_by_role("button", name=name, exact=True).and_(page.locator("button:not([kind=header])"))


def wait_until(true, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
