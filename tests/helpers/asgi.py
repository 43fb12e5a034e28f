"""A browser's GET of a Starlette app, without a server."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import BaseRoute

_SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "root_path": "",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


@dataclass(frozen=True)
class Answer:
    status_code: int
    headers: Headers
    content: bytes  # as it was sent

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.content) if packed else self.content).decode()

    def json(self) -> Any:
        return json.loads(self.text)


def get(routes: Iterable[BaseRoute], address: str, headers: dict[str, str] | None = None) -> Answer:
    """What an app with these routes answers. It takes gzip where `headers` do not say otherwise."""
    path, _, query = address.partition("?")
    said = {"accept-encoding": "gzip"} | {name.lower(): value for name, value in (headers or {}).items()}
    scope = _SCOPE | {
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Starlette(routes=list(routes))(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), body)
