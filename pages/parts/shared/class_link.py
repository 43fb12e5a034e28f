"""The link with which a class opens the page that the teacher shows: an address for others, and its QR code."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import segno
import streamlit as st
from streamlit.config import get_option, is_manually_set
from streamlit.web.server.server_util import get_url

from charlab.runs import network
from charlab.runs.limits import is_address, is_this_machine
from pages.parts.shared import browser_cookie, page_state, present
from pages.parts.shared.safe_text import command, plain

MAX_IN_CODE = 858  # characters: a code of 97 x 97 modules (version 20, level L), readable from the last row
_BREAK = "/\u200b"  # where a line may end
_QUIET_ZONE = 4  # modules of white around the code, as ISO/IEC 18004 asks for
_ONE_PERSON = (
    "Only this machine can open these pages. To let a class follow, end CharLab and start it with `make class`: "
    "the link and its QR code then appear here."
)
_OPENED_INSIDE = (
    "You opened CharLab at an address that only this machine can reach. Open it at the address that the class "
    "uses: the link and its QR code then appear here."
)
_NO_NETWORK = (
    "This machine is not connected to a network. Connect it to the one that the class uses, then reload this page."
)


@dataclass(frozen=True)
class ClassLink:
    """A page's address without its settings, with them, and with those that fit into a QR code."""

    page: str
    whole: str
    in_code: str


def popover(place: Any) -> Callable[[], None]:
    """Draw the popover with the link of the page that is open and its QR code. To be called before the page, which
    may end early; the function returned draws the link again where the page has changed its settings since."""
    body = place.popover("Link for the class", icon=":material/qr_code_2:", key="class_link", on_change="rerun")
    if not body.open:
        return lambda: None
    content, before = body.empty(), st.query_params.to_dict()
    _show(content.container(), before)

    def update() -> None:
        if (now := st.query_params.to_dict()) != before:
            _show(content.container(), now)

    return update


def _show(place: Any, query: Mapping[str, str]) -> None:
    opened = st.context.url or get_url("localhost")
    page = address_for_others(opened, get_option("server.address"), _name_for_visitors(), network.own_address)
    if not page:
        is_inside = is_this_machine(get_option("server.address"))
        place.write(_NO_NETWORK if not is_inside else _OPENED_INSIDE if browser_cookie.is_class() else _ONE_PERSON)
        return
    link = with_settings(page, query)
    code, words = place.columns([3, 2], gap="medium", vertical_alignment="center")
    code.image(svg(link.in_code), alt="QR code of the link to this page", width="stretch")
    words.markdown("**Scan the code**, or type this address:")
    words.markdown(f"#### {plain(link.page.replace('/', _BREAK).replace(_BREAK * 2, '//'))}")
    if link.whole != link.page:
        words.caption("To copy, with the settings of this page:")
        command(link.whole, words, height=150)
    if link.in_code != link.whole:
        words.caption("The text is too long for a QR code. The code opens the page without it; the link has it.")


def address_for_others(
    opened: str, listens_on: str | None, name: str | None, network_address: Callable[[], str]
) -> str:
    """A page's address as other machines reach it, without settings; "" where they cannot.

    `opened` is the address in this browser, `listens_on` what the server listens on, `name` what it is called for
    visitors (`browser.serverAddress`). An address that is not this machine's own can be reached by others, too.
    """
    parts = urlsplit(opened)
    host = parts.hostname or ""
    if not _is_for_this_machine(host):
        return parts._replace(netloc=_netloc(host, parts.port), query="", fragment="").geturl()
    if is_this_machine(listens_on):
        return ""
    host = name if name and not _is_for_this_machine(name) else network_address()
    return parts._replace(netloc=_netloc(host, parts.port), query="", fragment="").geturl() if host else ""


def with_settings(page: str, query: Mapping[str, str]) -> ClassLink:
    """The link to a page with those parameters that are settings. Whether it is shown in Present mode, and what
    else an address may hold, stays with the teacher."""
    settings = {name: value for name, value in query.items() if name in _parameters()}
    whole = _joined(page, settings)
    in_code = whole
    while len(in_code) > MAX_IN_CODE and settings:
        longest = max(settings, key=lambda name: len(quote_plus(settings[name])))
        settings = {name: value for name, value in settings.items() if name != longest}
        in_code = _joined(page, settings)
    return ClassLink(page, whole, in_code)


def svg(address: str) -> str:
    """A QR code as a picture: black on white in every theme, without a size of its own."""
    drawn = io.BytesIO()
    code = segno.make(address, error="l", micro=False)
    code.save(drawn, kind="svg", xmldecl=False, border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True)
    return drawn.getvalue().decode("ascii").replace("<svg ", '<svg shape-rendering="crispEdges" ', 1)


def _parameters() -> set[str]:
    named = {name for key in page_state.SETTINGS if key != present.KEY and (name := page_state.parameter(key))}
    return named | set(page_state.LINK_ONLY)


def _joined(page: str, settings: Mapping[str, str]) -> str:
    return f"{page}?{urlencode(settings)}" if settings else page


def _name_for_visitors() -> str | None:
    return get_option("browser.serverAddress") if is_manually_set("browser.serverAddress") else None


def _is_for_this_machine(host: str) -> bool:
    """Whether a host leads other machines to themselves, or nowhere."""
    return not host or is_this_machine(host) or (is_address(host) and ip_address(host).is_unspecified)


def _netloc(host: str, port: int | None) -> str:
    """Host and port; whatever name and password an address had are left out."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
