"""Fixtures: tiny networks with random weights, folders of their own for each test, servers and a browser."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest

from charlab.core import predictor
from charlab.core.vocab import Vocab
from charlab.runs import warm
from charlab.training import process
from helpers.tiny import TINY, random_weights

process.set_up_tensorflow()
# Tiny networks are compiled far longer than they run: XLA translates them without polishing the machine code.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")


def pytest_collection_finish():
    """Objects made by imports are left out of later garbage collections (Streamlit's harness starts many)."""
    gc.collect()
    gc.freeze()


BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "chrome", "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",  # macOS and Windows have it in no search path
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)  # fmt: skip


@pytest.fixture
def vocab() -> Vocab:
    return Vocab.from_text("the quick brown fox jumps over the lazy dog.\n")


@pytest.fixture(params=TINY)
def tiny(request, vocab):
    """Every architecture, tiny and with random weights: (config, predictor)."""
    config = TINY[request.param]
    return config, predictor.build_predictor(config, len(vocab), random_weights(config, len(vocab)))


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test writes to the runs or the cache of the person who starts it."""
    monkeypatch.setenv("CHARLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def no_page_is_open(monkeypatch):
    """The Train page that an earlier test opened keeps no process ready, with that test's environment."""
    monkeypatch.setattr(warm, "_page_seen_at", float("-inf"))
    monkeypatch.setattr(warm, "_shown", None)


@cache
def installed_components() -> list:
    from streamlit.components.v2 import manifest_scanner

    return manifest_scanner.scan_component_manifests()


@pytest.fixture(autouse=True)
def look_for_components_once(monkeypatch):
    """Streamlit's harness reads every installed package's metadata for each app, where a server does it once."""
    if "streamlit.testing.v1" in sys.modules:
        found = installed_components()
        module = "streamlit.components.v2.manifest_scanner"
        monkeypatch.setattr(f"{module}.scan_component_manifests", lambda max_workers=None: found)


@pytest.fixture
def server(own_folders, tmp_path):
    """The app as people start it, for a test about starting it, with the test's own runs."""
    from helpers.browser import serving

    with serving(tmp_path) as served:
        yield served


@pytest.fixture(scope="session")
def one_server(tmp_path_factory):
    from helpers.browser import serving

    with serving(tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.fixture
def shared_server(one_server, own_folders, monkeypatch):
    """The address of one app for all tests. Its runs folder is this test's too: `make_run` adds to it, it is empty
    at first, and nothing trains there."""
    monkeypatch.setenv("CHARLAB_RUNS", str(one_server.folder))
    yield one_server.address
    one_server.clear()
    one_server.check_log()


@pytest.fixture(scope="session")
def chrome():
    from playwright.sync_api import sync_playwright

    from helpers.browser import QUIET

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tab(chrome):
    """One tab for all tests: a new one takes a second and compiles every script of the page anew."""
    from helpers.browser import new_context

    return new_context(chrome, viewport={"width": 1440, "height": 1000}).new_page()


@pytest.fixture
def page(tab):
    """A page in a browser without history or cookies; a script error or a dialog fails the test."""
    from helpers.browser import forget

    problems: list[str] = []
    listeners = {
        "pageerror": lambda error: problems.append(error.stack or str(error)),
        "dialog": lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()),
    }
    forget(tab)
    for event, listener in listeners.items():
        tab.on(event, listener)
    yield tab
    tab.goto("about:blank")  # whoever looks no longer asks the server for anything
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert not problems, problems


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed browser test reports what its page showed, because no one can look at another machine."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if page and report.when == "call" and report.failed and not page.is_closed():
        report.sections.append((f"the page at {page.url}", page.locator("body").aria_snapshot()))
    return report


def pytest_collection_modifyitems(items):
    """Browser tests are skipped where there is no Chromium; in CI they fail instead, so that none goes missing."""
    if chromium() or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skipif(True, reason="no Chromium here (set CHROMIUM to its path)"))


def chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named and Path(named).exists():
        return named
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    return None
