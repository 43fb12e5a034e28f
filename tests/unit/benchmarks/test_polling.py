"""A route that is asked again and again, and only for what is new."""

import asyncio
import gzip
import json

import pytest

from benchmarks import polling
from benchmarks.polling import Failed, Poller


def test_a_route_is_asked_for_what_is_new_and_its_refusal_has_failed():
    packed = gzip.compress(b"{}" * 100)
    heads = []

    async def answer(reader, writer):
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            heads.append(head)
            if "/refused" in head:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
            elif 'If-None-Match: "7"' in head:
                writer.write(b'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\n\r\n')
            else:
                writer.write(b'HTTP/1.1 200 OK\r\nETag: "7"\r\nTransfer-Encoding: chunked\r\n\r\n')
                writer.write(b"%x\r\n" % len(packed) + packed + b"\r\n0\r\n\r\n")

    async def ask():
        server = await asyncio.start_server(answer, "127.0.0.1")
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        poller, refused = Poller(address, "/live/run"), Poller(address, "/refused")
        assert await poller.get() > 0 and poller.received > len(packed)
        received = poller.received
        assert await poller.get() > 0 and 0 < poller.received - received < 60
        with pytest.raises(Failed, match="/refused answered 404"):
            await refused.get()
        poller.close()
        refused.close()
        server.close()

    asyncio.run(ask())
    assert len(heads) == 3 and all("Accept-Encoding: gzip" in head for head in heads)


def test_a_component_names_its_route_in_its_data():
    assert polling.live_route('{"route": "/live/run-1", "height": 300}') == "/live/run-1"
    for other in ("", '{"height": 300}', '{"words": "\\"route\\""}', '["route"]', '{"route": 7}'):
        assert polling.live_route(other) == ""


def test_what_an_answer_about_a_run_held_is_not_asked_for_again():
    first = {
        "chart": {"figure": "{}", "version": "a7"},
        "texts": {"number": 3, "first": 0, "more": ["one", "two"]},
    }
    second = {"chart": {"label": "Loss"}, "texts": {"number": 3, "first": 2, "more": ["three"]}}
    answers, paths = [first, second, {"words": "none"}, second], []

    async def answer(reader, writer):
        while head := (await reader.readuntil(b"\r\n\r\n")).decode():
            body = gzip.compress(json.dumps(answers[len(paths)]).encode())
            paths.append(head.split()[1])
            kind = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
            writer.write(f"HTTP/1.1 200 OK\r\n{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def ask():
        server = await asyncio.start_server(answer, "127.0.0.1")
        poller = Poller(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "/live/run?run=x")
        for _ in answers:
            await poller.get()
        poller.close()
        server.close()

    asyncio.run(ask())
    known = [f"/live/run?run=x&chart=a7&reading=3&texts={texts}" for texts in (2, 3, 3)]
    assert paths == ["/live/run?run=x", *known]
