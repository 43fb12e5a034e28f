"""What the server refuses before a page sees it, and what browsers are told with every answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.config import get_option, is_manually_set

from charlab.runs.limits import is_address, is_this_machine
from pages.parts.shared import browser_cookie

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Middleware that refuses what pages of other sites ask for, and one person's server under a foreign name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if reason := _refused(scope):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
            else:
                await PlainTextResponse(reason, 403)(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)


def _refused(scope: Scope) -> str:
    """Why a request is refused, in a sentence; "" for one that is not."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not browser_cookie.is_class() and not _is_own_name(host):
        return (
            f"This CharLab is for one person at its own machine, and was reached as {ascii(host)}. For a server "
            "that others reach, set CHARLAB_CLASS=1; docs/hosting.md says more."
        )
    if scope["type"] == "websocket" or scope["method"] not in _SAFE:
        if is_from_elsewhere(headers):
            return "This request came from a page of another site."
    return ""


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another site made this request. Programs say nothing."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    if origin is None or not get_option("server.enableCORS"):
        return False
    if origin in get_option("server.corsAllowedOrigins"):
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:  # as no browser sends
        return True
    named = is_manually_set("browser.serverAddress") and get_option("browser.serverAddress")
    return parts.netloc.lower() != headers.get("host", "").lower() and parts.hostname != named


def _is_own_name(host: str) -> bool:
    """Whether a request for one person's server names that machine: a page of another site that has led its own
    name here (DNS rebinding) does not."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    named = get_option("browser.serverAddress") if is_manually_set("browser.serverAddress") else None
    if is_this_machine(name) or name == named or name in get_option("server.allowedHosts"):
        return True
    # One person's by its own setting, it may be in the network; an address, unlike a name, leads nowhere else.
    return os.environ.get("CHARLAB_CLASS", "").strip() == "0" and is_address(name)
