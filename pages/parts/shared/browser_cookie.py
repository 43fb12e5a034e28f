"""The browser's name: a random one that the server sets in a cookie, so that a browser finds its own runs again.

The name is no password: it only decides which runs are shown first.
"""

from __future__ import annotations

import re
import secrets

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_COOKIE = "charlab_browser"
_YEAR = 365 * 24 * 3600


def owner() -> str:
    """This browser's name, or "" where it accepts no cookies."""
    name = str(st.context.cookies.get(_COOKIE, ""))
    return name if re.fullmatch(r"[0-9a-f]{16}", name) else ""


class NameBrowsers:
    """Middleware that names every browser without a name, with the first page that it receives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    value = f"{_COOKIE}={secrets.token_hex(8)}; Path=/; Max-Age={_YEAR}; SameSite=Lax; HttpOnly"
                    headers.append("set-cookie", value)
            await send(message)

        is_named = _COOKIE in cookie_parser(cookies)
        await self.app(scope, receive, send if is_named else send_named)
