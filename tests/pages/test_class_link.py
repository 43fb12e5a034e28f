"""The link for a class: an address that others can reach, its settings, and the QR code that holds it."""

import base64
import re

import pytest
import segno
import streamlit as st

from charlab.runs import models, network
from charlab.runs.limits import is_address
from helpers.pages import PAGES, open_page, shown
from pages.parts.shared import class_link


@pytest.mark.parametrize(
    ("opened", "listens_on", "name", "address"),
    [
        # The browser's own address, wherever others can use it too
        ("http://10.0.0.7:8501/train", "0.0.0.0", None, "http://10.0.0.7:8501/train"),  # noqa: S104
        (
            "https://charlab.example.org/school/train",
            "127.0.0.1",
            None,
            "https://charlab.example.org/school/train",
        ),
        ("http://[2001:db8::7]:8501/", "::", None, "http://[2001:db8::7]:8501/"),
        ("http://pupil:secret@10.0.0.7:8501/?token=secret#x", "0.0.0.0", None, "http://10.0.0.7:8501/"),  # noqa: S104
        # Opened at an address that means another machine elsewhere: the machine's own one, port and path stay
        ("http://localhost:8501/train", "0.0.0.0", None, "http://10.0.0.9:8501/train"),  # noqa: S104
        ("http://127.0.0.1:8501/school/train", "", None, "http://10.0.0.9:8501/school/train"),
        ("http://[::1]:8501/train", None, None, "http://10.0.0.9:8501/train"),
        ("http://0.0.0.0:8501/train", "0.0.0.0", None, "http://10.0.0.9:8501/train"),  # noqa: S104
        # What the server is called for visitors comes first (`make class` says it)
        ("http://localhost:8501/train", "0.0.0.0", "school.example", "http://school.example:8501/train"),  # noqa: S104
        ("http://localhost:8501/train", "0.0.0.0", "localhost", "http://10.0.0.9:8501/train"),  # noqa: S104
        # Nothing listens where others could ask
        ("http://localhost:8501/train", "127.0.0.1", None, ""),
        ("http://127.0.0.1:8501/train", "localhost", "school.example", ""),
    ],
)
def test_the_address_is_one_that_others_can_reach(opened, listens_on, name, address):
    assert class_link.address_for_others(opened, listens_on, name, lambda: "10.0.0.9") == address


def test_a_machine_without_a_network_has_no_address_for_others():
    opened = "http://localhost:8501/train"
    assert class_link.address_for_others(opened, "0.0.0.0", None, lambda: "") == ""  # noqa: S104


def test_the_own_address_is_an_address_or_nothing(monkeypatch):
    assert network.own_address() == "" or is_address(network.own_address())

    class Unconnected(network.socket.socket):
        def connect(self, address):
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(network.socket, "socket", Unconnected)
    assert network.own_address() == ""


def test_the_link_has_the_settings_of_the_page_and_nothing_else():
    query = {"model": "best-gru", "seed_text": "Ä b&c\n", "write": "1", "present": "1", "token": "secret"}
    link = class_link.with_settings("http://10.0.0.7:8501/playground", query)
    settings = "model=best-gru&seed_text=%C3%84+b%26c%0A&write=1"
    assert link.whole == link.in_code == f"http://10.0.0.7:8501/playground?{settings}"
    assert link.page == "http://10.0.0.7:8501/playground"
    assert class_link.with_settings(link.page, {"token": "secret"}).whole == link.page


def test_a_text_that_makes_the_code_too_dense_is_left_out_of_the_code_alone():
    query = {"model": "best-gru", "text": "я" * 200, "step": "3"}  # 1,200 characters in an address
    link = class_link.with_settings("http://10.0.0.7:8501/explainer", query)
    assert link.in_code == "http://10.0.0.7:8501/explainer?model=best-gru&step=3"
    assert len(link.whole) > class_link.MAX_IN_CODE and "text=%D1%8F" in link.whole
    longest = "x" * (class_link.MAX_IN_CODE - len(class_link.with_settings(link.page, {"text": ""}).whole))
    fits = class_link.with_settings(link.page, {"text": longest})
    assert fits.in_code == fits.whole and segno.make(fits.in_code, error="l").version == 20


def modules(drawing: str) -> set[tuple[int, int]]:
    """The dark modules (row, column) of a code's picture, from the horizontal lines of its path."""
    (path,) = re.findall(r'stroke="#000" d="([^"]*)"', drawing)
    dark, row, column = set(), 0.0, 0
    for move, right, down, length in re.findall(r"([Mm])(-?\d+) (-?[\d.]+)h(\d+)", path):
        row, column = (float(down), int(right)) if move == "M" else (row + float(down), column + int(right))
        dark |= {(int(row), column + more) for more in range(int(length))}
        column += int(length)
    return dark


def test_the_picture_is_the_code_of_the_address_dark_on_light_with_a_quiet_zone():
    address = "http://10.0.0.7:8501/playground?mode=temperature+sweep&model=best-gru&seed_text=ROMEO%3A%0A&write=1"
    drawing = class_link.svg(address)
    matrix = segno.make(address, error="l", micro=False).matrix
    size = len(matrix) + 8
    assert f'viewBox="0 0 {size} {size}"' in drawing and f'fill="#fff" d="M0 0h{size}v{size}h-{size}z"' in drawing
    expected = {(i + 4, j + 4) for i, row in enumerate(matrix) for j, dark in enumerate(row) if dark}
    assert len(expected) > 500 and modules(drawing) == expected


# On the pages


def codes(app) -> list:
    return [image for image in app.get("image") if image.proto.imgs[0].alt.startswith("QR code")]


def opened(monkeypatch, url: str, name: str = "playground", **query: str):
    """A page whose popover is open, in a browser that shows it at that address."""
    monkeypatch.setattr(type(st.context), "url", property(lambda _: url))
    app = open_page(name, **query)
    app.session_state.class_link = True
    app.run()
    assert not app.exception and not app.error
    return app


def test_the_popover_has_the_link_of_the_page_as_it_is_now(monkeypatch):
    app = opened(monkeypatch, "http://10.0.0.7:8501/playground", samples="2", seed_text="O `me`", other="secret")
    (link,) = [code.value.strip() for code in app.code if code.value.strip().startswith("http")]
    assert link.startswith("http://10.0.0.7:8501/playground?") and "samples=2" in link and "secret" not in link
    assert "seed_text=O+%60me%60" in link and "present" not in link
    (image,) = codes(app)
    assert image.proto.imgs[0].alt == "QR code of the link to this page"
    drawing = base64.b64decode(image.value[0].partition("base64,")[2]).decode()
    assert drawing.strip() == class_link.svg(link).strip()
    app.session_state["samples"] = 4
    app.run()
    (link,) = [code.value.strip() for code in app.code if code.value.strip().startswith("http")]
    assert "samples=4" in link


@pytest.mark.parametrize("name", PAGES)
def test_who_cannot_be_reached_is_told_how(monkeypatch, name):
    app = opened(monkeypatch, "http://localhost:8501/", name)
    assert "start it with `make class`" in shown(app) and not codes(app)
    assert not codes(app)
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    app.run()
    assert "Open it at the address that the class uses" in shown(app) and not codes(app)


def test_a_page_without_a_model_has_its_link_too(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "STARTERS", tmp_path)
    monkeypatch.setenv("CHARLAB_GPT2", "0")  # which is a model, too
    app = opened(monkeypatch, "http://10.0.0.7:8501/explainer", "explainer")
    assert "There is no model" in shown(app) and len(codes(app)) == 1


def test_closed_it_costs_nothing(monkeypatch):
    monkeypatch.setattr(class_link, "_show", lambda *_: pytest.fail("drawn"))
    assert not open_page("playground").exception
