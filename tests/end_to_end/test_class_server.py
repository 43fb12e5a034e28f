"""A running server as browsers and other programs meet it: cookies, headers, the teacher's link, and what is
refused because it comes from another site."""

import asyncio
import http.client
import os
import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from charlab.errors import UnavailableError
from charlab.runs import credentials
from helpers.browser import serving
from helpers.project import ROOT
from pages.parts.shared import browser_cookie, http_guard, served_files

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "content-security-policy": "frame-ancestors 'self'",
}


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A class's server below a base path, and the folder of its files."""
    folder = tmp_path_factory.mktemp("school")
    with serving(folder, base="school", CHARLAB_CLASS="1") as served:
        yield served


@pytest.fixture
def its_files(school, monkeypatch):
    """This process's secret is the server's."""
    monkeypatch.setenv("CHARLAB_CACHE", str(school.folder.parent / "cache"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server of one person."""
    with serving(tmp_path_factory.mktemp("alone")) as served:
        yield served


def ask(served, path, method="GET", **headers):
    """The response to a request below the server's base path, not redirected."""
    parts = urlsplit(served.address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request(
        method, parts.path + path, headers={name.replace("_", "-"): headers[name] for name in headers}
    )
    response = connection.getresponse()
    response.text = response.read().decode("utf-8", "replace")
    return response


def cookies(response) -> dict[str, str]:
    found = {}
    for name, value in response.getheaders():
        if name.lower() == "set-cookie" and value.startswith("charlab_"):
            found[value.partition("=")[0]] = value
    return found


def name_of(response) -> str:
    return re.search(r"charlab_name=([^;]*)", cookies(response)["charlab_name"]).group(1)


def token(served) -> str:
    return urlsplit(served.teachers_link).query


def opens(served, origin: str | None = None, host: str = "") -> bool:
    """Whether the server accepts a websocket from a page of this origin, under this name."""
    parts = urlsplit(served.address)
    address = f"ws://{host or parts.netloc}{parts.path}/_stcore/stream"
    try:
        with connect(address, origin=origin, sock=socket.create_connection((parts.hostname, parts.port))):
            return True
    except InvalidStatus as refused:
        assert refused.response.status_code == 403
        return False


def test_a_browser_gets_a_signed_name_and_keeps_it(school, its_files):
    first = ask(school, "/")
    cookie = name_of(first)
    assert first.status == 200 and credentials.verified(cookie)
    attributes = cookies(first)["charlab_name"].split("; ")[1:]
    assert attributes == ["Path=/school", "HttpOnly", "Max-Age=31536000", "SameSite=Lax"]
    for path in ("/", "/train"):
        assert not cookies(ask(school, path, cookie=f"charlab_name={cookie}"))


def test_a_forged_name_is_replaced(school, its_files):
    cookie = name_of(ask(school, "/"))
    name, _, signature = cookie.partition(".")
    for forged in (name, cookie[:-1], f"{'0' * 16}.{signature}", f"{name}.{'0' * 64}", "", '"', "ä"):
        again = name_of(ask(school, "/", cookie=f"charlab_name={forged}".encode("latin-1")))
        assert credentials.verified(again) not in ("", name)


def test_a_browser_that_has_lost_its_name_gets_one_with_a_page_that_it_has_cached(school):
    etag = ask(school, "/").getheader("etag")
    again = ask(school, "/", if_none_match=etag, accept="text/html,*/*")
    assert again.status == 304 and name_of(again)
    for path in ("/assets/plotly.min.js", served_files.address("chart.js")):
        script = ask(school, path)
        assert script.status == 200 and not cookies(script)
        assert script.getheader("content-type").startswith("text/javascript")
    assert ask(school, "/assets/parts/0/secret.js").status == 404
    assert ask(school, "/reading/0123456789ab-0/head").status == 404


def test_every_answer_has_the_headers(school, alone):
    for served in (school, alone):
        for path in ("/", "/train", "/assets/plotly.min.js", "/_stcore/health", "/teacher-link?token=x"):
            response = ask(served, path)
            assert {name: response.getheader(name) for name in HEADERS} == HEADERS, path
            assert response.getheader("referrer-policy") in ("same-origin", "no-referrer")


def test_cookies_are_for_https_alone_where_the_proxy_says_https(school):
    for path in ("/", f"/teacher-link?{token(school)}"):
        set_by = cookies(ask(school, path, x_forwarded_proto="https"))
        assert set_by and all(value.endswith("; Secure") for value in set_by.values())
        assert not any("Secure" in value for value in cookies(ask(school, path)).values())


def test_the_teachers_link_sets_a_cookie_and_takes_its_token_out_of_the_address(school, its_files):
    response = ask(school, f"/teacher-link?{token(school)}")
    assert (response.status, response.getheader("location")) == (303, "/school/")
    assert (response.getheader("cache-control"), response.getheader("referrer-policy")) == (
        "no-store",
        "no-referrer",
    )
    value, *attributes = cookies(response)["charlab_teacher"].split("; ")
    assert attributes == ["Path=/school", "HttpOnly", "SameSite=Strict"]
    assert credentials.is_teacher(value.partition("=")[2])


@pytest.mark.parametrize("query", ["", "?token=", "?token=x", "?token=%C3%A4", "?TOKEN=x", "?token=x&token=y"])
def test_another_token_is_refused_in_a_sentence(school, query):
    response = ask(school, f"/teacher-link{query}")
    assert response.status == 403 and not cookies(response).get("charlab_teacher")
    assert "not the teacher's link of this server" in response.text


def test_no_other_site_opens_the_teachers_link(school):
    link = f"/teacher-link?{token(school)}"
    for response in (
        ask(school, link, sec_fetch_site="cross-site"),
        ask(school, link, sec_fetch_site="same-site"),
        ask(school, link, origin="http://evil.example"),
        ask(school, link, "POST", origin="http://evil.example"),
        ask(school, link, "POST"),
        ask(school, link, "HEAD"),
    ):
        assert response.status in (403, 405) and not cookies(response).get("charlab_teacher")
    assert cookies(ask(school, link, sec_fetch_site="none"))["charlab_teacher"]


def test_one_persons_server_has_no_teacher(alone):
    assert "teacher-link" not in alone.log.read_text()
    response = ask(alone, "/teacher-link?token=x")
    assert response.status == 303 and not cookies(response)


def test_a_websocket_from_another_site_is_refused(school, alone):
    for served in (school, alone):
        own = urlsplit(served.address)
        for origin in (
            "http://evil.example",
            "null",
            f"http://{own.hostname}:1",
            "http://localhost:3000",
            "http://127.0.0.1",
            f"http://evil.example@{own.netloc}.evil.example",
            "http://0.0.0.0:8501",
        ):
            assert not opens(served, origin=origin), origin
        assert opens(served, origin=f"http://{own.netloc}")
        assert opens(served)  # programs send none, and have no browser's cookies


def test_what_another_site_sends_is_refused(school):
    for method in ("POST", "PUT", "DELETE"):
        response = ask(school, "/_stcore/upload_file/a/b", method, origin="http://evil.example")
        assert response.status == 403 and "another site" in response.text


def test_one_persons_server_answers_to_its_own_names_only(school, alone):
    port = urlsplit(alone.address).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", f"[::1]:{port}", "me.localhost"):
        assert ask(alone, "/", host=host).status == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "192.168.1.5", "", "[", "a@b"):
        response = ask(alone, "/", host=host)
        assert response.status in (400, 403), host
        assert response.status == 400 or "set CHARLAB_CLASS=1" in response.text
    assert not opens(alone, host="evil.example", origin="http://evil.example")
    assert ask(school, "/", host="charlab.example.org").status == 200


@pytest.mark.parametrize(
    "variable", ["CHARLAB_CLASS", "CHARLAB_AT_ONCE", "CHARLAB_MINUTES", "CHARLAB_MEGABYTES", "CHARLAB_WARM"]
)
def test_a_server_with_a_wrong_variable_ends_with_a_sentence(variable):
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", "0"]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | {variable: "yes"}, capture_output=True, text=True)
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False), ended.stderr
    assert f"charlab: {variable} must be" in ended.stderr and "Received: 'yes'" in ended.stderr


def test_one_persons_server_in_the_network_answers_to_addresses(monkeypatch):
    """A name can be led here by another site, an address cannot."""
    host = lambda name: Headers({"host": name}).raw  # noqa: E731
    refused = lambda name: http_guard._refused({"type": "http", "method": "GET", "headers": host(name)})  # noqa: E731
    assert "set CHARLAB_CLASS=1" in refused("192.168.1.5:8501")
    monkeypatch.setenv("CHARLAB_CLASS", "0")
    assert refused("192.168.1.5:8501") == refused("[fd00::5]:8501") == refused("localhost") == ""
    assert "set CHARLAB_CLASS=1" in refused("evil.example")


def test_a_new_browser_gets_its_page_where_the_server_cannot_keep_names(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "file"))
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(
        browser_cookie.NameBrowsers(HTMLResponse("A page"))(
            {"type": "http", "method": "GET", "headers": []}, None, send
        )
    )
    assert sent[0]["status"] == 200 and b"set-cookie" not in dict(sent[0]["headers"])
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    with pytest.raises(UnavailableError, match="cannot tell browsers apart.*CHARLAB_CACHE"):
        browser_cookie.actor()  # which the page shows
    monkeypatch.setenv("CHARLAB_CLASS", "0")
    assert browser_cookie.actor().owner == ""


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", "//", "null", ""])
def test_an_origin_that_is_none_is_another_sites(origin):
    assert http_guard.is_from_elsewhere({"host": "127.0.0.1:8501", "origin": origin})
