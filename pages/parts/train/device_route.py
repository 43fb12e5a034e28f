"""/device/<run>/...: what a browser gets of a run that it trains on its own device, and what it sends back.

Every request has the browser's cookie, and in the header Charlab-Secret what `DeviceRuns.open` gave to the page.

    GET job         JSON: model, train, vocab, vocabulary_size, unknown_id, place {step, seconds, epoch} of the
                    last weights that came, has_weights (whether any have)
    GET ids         the training ids, little-endian; header Charlab-Bytes: bytes for each
    GET weights     safetensors: the weights at `place`
    POST progress   a line of JSON, and where there are weights, a line end and a safetensors file:
                    {"number": 1 for the first message, then one more each time,
                     "begins": place, in the first message, where the device goes on from a state of its own,
                     "events": [step events], "place": place of the weights,
                     "ended": {"state": "done", "paused", "stopped" or "failed", "problem": a sentence or ""}}
                    -> {"number": the last one taken, "request": null, "pause" or "stop"}

A refusal has a status from 400 to 413 and {"problem": a sentence}; where a message is out of turn, also the
"number" of the last one that was taken: a device whose message was taken, but not answered, goes on after it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from charlab import os_errors
from charlab.browser import device_runs
from charlab.browser.device_session import Session
from charlab.browser.uploads import Refused
from charlab.errors import CharlabError, RunError
from pages.parts.shared import browser_cookie

log = logging.getLogger(__name__)

PATH = "/device/{run}/{what}"
SECRET, BYTES = "Charlab-Secret", "Charlab-Bytes"
_NO_STORE = {"Cache-Control": "no-store"}
_READ_SECONDS = 30.0  # for a message to come
_AT_ONCE = 3  # messages of a run that come at the same time: one, and those whose connection is lost
_LEAST_SECONDS = 0.1  # from one request of a run to the next: a faster one waits
_AT_ITS_START = 6  # that do not: what a device asks for before its first step


async def answer(request: Request) -> Response:
    """Answer a device."""
    try:
        return await _answer(request)
    except Refused as refused:
        return _problem(refused.status, str(refused), **refused.more)
    except RunError as problem:
        return _problem(404, str(problem))
    except CharlabError as problem:
        return _problem(409, str(problem))
    except ClientDisconnect:
        return _problem(400, "The message ended before it was complete.")
    except Exception as error:
        said = os_errors.sentence(error)
        if said is None or os_errors.may_be_defect(error):
            log.exception("A device was not answered.")
        return _problem(503, said or "Internal error in CharLab.")


def _problem(status: int, problem: str, **more: Any) -> Response:
    return JSONResponse({"problem": problem} | more, status, _NO_STORE)


async def _answer(request: Request) -> Response:
    run, what, secret = request.path_params["run"], request.path_params["what"], request.headers.get(SECRET, "")
    wanted = {"GET": ("job", "ids", "weights"), "POST": ("progress",)}.get(request.method, ())
    if what not in wanted:
        raise Refused(404, f"There is nothing called {what[:40]!r} here.")
    actor = browser_cookie.actor_of(request.cookies)
    session = await run_in_threadpool(device_runs.pool().session, run, actor)
    session.check(secret)
    await asyncio.sleep(session.pace.wait(_LEAST_SECONDS, _AT_ITS_START))
    if what == "progress":
        body = await _body(request, session)
        taken = await run_in_threadpool(session.take, secret, body)
        device_runs.pool().sent()
        return JSONResponse(taken, headers=_NO_STORE)
    return await run_in_threadpool(_GIVEN[what], session, secret, request)


async def _body(request: Request, session: Session) -> bytes:
    """The whole message. Raises Refused before more of it is read than any message has."""
    limit = session.limit()
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(400, "A message must not be compressed.")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 15 or int(length) > limit:
        raise _too_long(limit)
    with session.pace.reading(_AT_ONCE):
        parts, size = [], 0
        try:
            async with asyncio.timeout(_READ_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > limit:
                        raise _too_long(limit)
                    parts.append(part)
        except TimeoutError:
            raise Refused(400, f"The message did not come within {_READ_SECONDS:g} s.") from None
    return b"".join(parts)


def _too_long(limit: int) -> Refused:
    return Refused(413, f"The message is longer than any of this run can be: {limit:,} bytes.")


def _job(session: Session, secret: str, request: Request) -> Response:
    return JSONResponse(session.job(secret), headers=_NO_STORE)


def _ids(session: Session, secret: str, request: Request) -> Response:
    found = session.ids(secret)
    headers = _NO_STORE | {BYTES: str(found.width)}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers |= {"Content-Encoding": "gzip"}
        return Response(found.packed, media_type="application/octet-stream", headers=headers)
    return Response(found.data, media_type="application/octet-stream", headers=headers)


def _weights(session: Session, secret: str, request: Request) -> Response:
    return Response(session.weights(secret), media_type="application/octet-stream", headers=_NO_STORE)


_GIVEN = {"job": _job, "ids": _ids, "weights": _weights}
