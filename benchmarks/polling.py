"""What a live component's browser does: ask one path of a server again and again, only for what is new."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from urllib.parse import urlencode, urlsplit

TIMEOUT = 120.0  # seconds; an answer that takes longer is an error


class Failed(Exception):
    """An answer that is an error, or that did not come."""


def live_route(data: str) -> str:
    """The path that a live component's data names for its browser to ask; "" for any other component."""
    if '"route"' not in data:
        return ""
    found = json.loads(data)
    route = found.get("route") if isinstance(found, dict) else None
    return route if isinstance(route, str) and route.startswith("/") else ""


class Poller:
    """Asks a path of a server over one connection, and only for what has changed since the last answer."""

    def __init__(self, address: str, path: str) -> None:
        self._host, self._path = urlsplit(address), path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._tag = ""
        self._chart, self._has = "", ""  # the version of the last chart, and what an answer can leave out
        self.received = 0

    async def get(self, path: str = "") -> float:
        """Ask once, for another path where one is given; returns the seconds until the whole answer was there."""
        began = time.perf_counter()
        if path:
            self._path, self._tag = path, ""
        try:
            async with asyncio.timeout(TIMEOUT):
                if self._streams and self._streams[0].at_eof():
                    self.close()  # a server ends connections that are not used for some seconds
                if self._streams is None:
                    self._streams = await asyncio.open_connection(self._host.hostname, self._host.port)
                await self._ask(*self._streams)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Failed(f"no answer: {error!r}") from error
        return time.perf_counter() - began

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"GET {self._path}{self._has} HTTP/1.1", f"Host: {self._host.netloc}", "Accept-Encoding: gzip"]
        lines += [f"If-None-Match: {self._tag}"] if self._tag else []
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.received += len(head)
        status, fields = int(head.split()[1]), dict(re.findall(r"(?m)^([\w-]+):[ ]*(.*?)\r$", head.lower()))
        if tag := re.search(r"(?im)^etag:[ ]*(.*?)\r$", head):
            self._tag = tag[1]
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        else:
            body = await reader.readexactly(int(fields.get("content-length", 0)))
        self.received += len(body)
        if status not in (200, 304):
            raise Failed(f"the route {self._path} answered {status}")
        if status == 200 and "json" in fields.get("content-type", ""):
            self._note(json.loads(gzip.decompress(body) if fields.get("content-encoding") == "gzip" else body))

    def _note(self, told: dict) -> None:
        """Note what an answer about a run holds, which the next one can leave out: its chart, and its texts."""
        if "chart" not in told:
            return
        texts, self._chart = told["texts"], told["chart"].get("version", self._chart)
        has = {"chart": self._chart, "reading": texts["number"], "texts": texts["first"] + len(texts["more"])}
        self._has = f"&{urlencode(has)}"
