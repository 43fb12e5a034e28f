"""A browser's request of a Starlette app, without a server."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
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
    def body(self) -> bytes:
        packed = self.headers.get("content-encoding") == "gzip"
        return gzip.decompress(self.content) if packed else self.content

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.text)


def get(routes: Iterable[BaseRoute], address: str, headers: dict[str, str] | None = None) -> Answer:
    """What an app with these routes answers to a GET. It takes gzip where `headers` do not say otherwise."""
    return ask(routes, "GET", address, headers)


def ask(
    routes: Iterable[BaseRoute],
    method: str,
    address: str,
    headers: dict[str, str] | None = None,
    body: Iterable[bytes] = (),
    *,
    middleware: Iterable[Middleware] = (),
    breaks_off: bool = False,
) -> Answer:
    """What an app with these routes answers. It takes gzip where `headers` do not say otherwise. The body comes in
    parts; where the connection `breaks_off`, it ends there."""
    path, _, query = address.partition("?")
    said = {"accept-encoding": "gzip"} | {name.lower(): value for name, value in (headers or {}).items()}
    scope = _SCOPE | {
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }
    sent: list[dict[str, Any]] = []
    parts = iter(body)

    async def receive() -> dict[str, Any]:
        if (part := next(parts, None)) is not None:
            return {"type": "http.request", "body": part, "more_body": True}
        if breaks_off:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Starlette(routes=list(routes), middleware=list(middleware))(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), body)
