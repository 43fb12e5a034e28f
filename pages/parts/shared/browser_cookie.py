"""Who looks at a page: this browser's signed name, from a cookie that the server sets, and what it may do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.config import get_option, is_manually_set

from charlab.errors import UnavailableError
from charlab.runs import credentials, limits
from charlab.runs.permissions import OPERATOR_ROLE, STUDENT, TEACHER, THE_TEACHER, Actor

NAME, TEACHERS = "charlab_name", "charlab_teacher"  # the cookies
_YEAR = 365 * 24 * 3600


def is_class() -> bool:
    """Whether this server serves a class: see `limits.is_class`."""
    name = get_option("browser.serverAddress") if is_manually_set("browser.serverAddress") else None
    return limits.is_class(get_option("server.address"), name)


def owner() -> str:
    """This browser's name, or "" where it accepts no cookies."""
    return _owner_of(st.context.cookies)


def _owner_of(cookies: Mapping[str, str]) -> str:
    try:
        return credentials.verified(str(cookies.get(NAME, "")))
    except UnavailableError:
        if is_class():
            raise
        return ""  # one person has everything, named or not


def actor() -> Actor:
    """Who asks for what this page does now: to be called at each act, since a browser may lose the teacher's
    role."""
    return _actor(_teachers_cookie(), owner)


def actor_of(cookies: Mapping[str, str]) -> Actor:
    """Who a browser is that sends a request with these cookies."""
    return _actor(str(cookies.get(TEACHERS, "")), lambda: _owner_of(cookies))


def _actor(teachers_cookie: str, owner: Callable[[], str]) -> Actor:
    if not is_class():
        return Actor(OPERATOR_ROLE, owner())
    if credentials.is_teacher(teachers_cookie):
        return Actor(TEACHER, THE_TEACHER)
    name = owner()
    if not name:
        credentials.check()  # a browser without a name may be the server's fault
    return Actor(STUDENT, name)


def is_teachers() -> bool:
    """Whether this browser is the teacher's, on the server of a class."""
    return is_class() and actor().role == TEACHER


def give_up() -> None:
    """Take the teacher's role from this browser."""
    credentials.dismiss(_teachers_cookie())


def _teachers_cookie() -> str:
    return str(st.context.cookies.get(TEACHERS, ""))


def set_cookie(headers: MutableHeaders, scope: Scope, name: str, value: str, *, more: str) -> None:
    """Add a cookie to a response that no script of a page can read, and that is sent to this server's pages only;
    over https alone where the request came over https."""
    secure = "; Secure" if scope.get("scheme") in ("https", "wss") else ""
    path = f"/{get_option('server.baseUrlPath').strip('/')}"
    headers.append("set-cookie", f"{name}={value}; Path={path}; HttpOnly; {more}{secure}")


class NameBrowsers:
    """Middleware that names every browser without a name, with the first page that it receives."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                with contextlib.suppress(UnavailableError):  # no name can be kept: the page says why
                    if _is_page(scope, message["status"], headers) and not _is_named(scope):
                        _name(headers, scope)
            await send(message)

        await self.app(scope, receive, send_named)


def _is_page(scope: Scope, status: int, headers: MutableHeaders) -> bool:
    """Whether a response is a page, or says that the browser's copy of one is still valid."""
    if status == 304:
        return "text/html" in Headers(scope=scope).get("accept", "")
    return headers.get("content-type", "").startswith("text/html")


def _is_named(scope: Scope) -> bool:
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return bool(credentials.verified(cookies.get(NAME, "")))


def _name(headers: MutableHeaders, scope: Scope) -> None:
    # Lax: a link on another site opens a page with the browser's name, and no new one is given.
    more = f"Max-Age={_YEAR}; SameSite=Lax"
    set_cookie(headers, scope, NAME, credentials.new_name(), more=more)
