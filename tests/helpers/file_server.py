"""A small server of our own for downloads: no test asks a real network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar


class Server(ThreadingHTTPServer):
    """Answers what `answers` says for a path: (status, body), or None for silence."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, bytes] | None] = {}
        self.asked: list[str] = []
        self.ended = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, (404, b""))
        if answer is None:
            self.server.ended.wait(10)
            return
        status, body = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


Running = TypeVar("Running", bound=ThreadingHTTPServer)


@contextmanager
def serving(monkeypatch, server: Running) -> Iterator[Running]:
    """Let a server run, on a machine without a proxy and without texts of its own. `server.ended` is an event that
    ends what it still answers."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "CHARLAB_CORPORA", "CHARLAB_GPT2"):
        monkeypatch.delenv(name, raising=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()
