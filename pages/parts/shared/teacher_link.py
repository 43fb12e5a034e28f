"""The teacher's link: it makes the browser that opens it the teacher's, and leads on to the start page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from streamlit.config import get_option
from streamlit.web.server.server_util import get_display_address, get_url

from charlab.errors import UnavailableError
from charlab.runs import credentials
from pages.parts.shared import browser_cookie
from pages.parts.shared.http_guard import is_from_elsewhere

PATH = "/teacher-link"
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def address() -> str:
    """The link. Behind a proxy its beginning is the proxy's address. Raises UnavailableError."""
    host = get_display_address(get_option("browser.serverAddress"))
    return f"{get_url(host)}{PATH}?token={credentials.teacher_token()}"


def enter(request: Request) -> Response:
    """Give the teacher's cookie to a browser whose link has the right token. The redirect takes the token out of
    the address bar and out of the history."""
    if request.method != "GET":
        return Response(status_code=405, headers={"Allow": "GET"})
    if is_from_elsewhere(request.headers):
        return _refused("Paste the teacher's link into the address bar: this one was opened by another site.")
    try:
        cookie = credentials.admit(request.query_params.get("token", "")) if browser_cookie.is_class() else ""
    except UnavailableError as problem:
        return _refused(str(problem), 503)
    if cookie is None:
        return _refused("This is not the teacher's link of this server. The server's terminal shows the link.")
    start = f"/{get_option('server.baseUrlPath').strip('/')}".rstrip("/") + "/"
    response = RedirectResponse(start, 303, _PRIVATE)
    if cookie:  # until the browser is closed; Strict: sent with no request that another site begins
        browser_cookie.set_cookie(
            response.headers, request.scope, browser_cookie.TEACHERS, cookie, more="SameSite=Strict"
        )
    return response


def _refused(reason: str, status: int = 403) -> Response:
    return PlainTextResponse(reason, status, _PRIVATE)
