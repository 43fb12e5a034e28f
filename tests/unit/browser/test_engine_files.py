"""The engine's script and kernels, as the server serves them."""

import gzip

import pytest

from charlab.browser import engine
from helpers import asgi
from pages.parts.shared import engine_files, routes


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        (engine_files.SCRIPT, engine.script().encode(), "text/javascript"),
        (engine_files.KERNELS, engine.kernels(), "application/wasm"),
    ],
)
def test_browsers_keep_the_engine_until_it_changes(name, content, kind):
    answer = asgi.get(routes.routes(), engine_files.address(name))
    assert answer.body == content and answer.headers["content-type"].startswith(kind)
    assert "immutable" in answer.headers["cache-control"]
    assert len(gzip.compress(content)) < 30_000
    old = asgi.get(routes.routes(), engine_files.address(name).replace(engine.version(), "0" * 12))
    assert old.body == content and old.headers["cache-control"] == "no-store"


def test_nothing_else_is_served():
    for name in ("worker.js", "..%2fengine.py", "package.json"):
        assert asgi.get(routes.routes(), engine_files.address(name)).status_code == 404
