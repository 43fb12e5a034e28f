"""GET /live/run: what the Train page shows of a run now, as JSON, made once for all browsers that ask.

An answer has an ETag, is compressed once, and leaves out what the browser has: the chart of that version, and the
first so many of the generated texts. Everybody may watch every run; nothing in an answer says whose it is.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from charlab import os_errors
from charlab.errors import RunError
from charlab.runs.live import LOOK_SECONDS
from pages.parts.shared import page_state, served_files
from pages.parts.train import live_document
from pages.parts.train.live_document import Document, Wanted

log = logging.getLogger(__name__)

PATH = "/live/run"
AT = "Charlab-Read"  # the header that says when the run was read, in seconds since 1970
_NO_STORE = {"Cache-Control": "no-store"}
_MANY_TEXTS = 50  # to be packed in a thread, since the server answers nobody meanwhile
_MOST_ANSWERS = 200  # of different runs, metrics, axes and comparisons: a few megabytes


@lru_cache(maxsize=1000)
def address(wanted: Wanted) -> str:
    """The path and query of a run's answers."""
    query = {"run": wanted.run, "unit": wanted.unit, "over": wanted.over, "others": ",".join(wanted.others)}
    return f"{served_files.root()}{PATH}?{urlencode(query | {'may_act': int(wanted.may_act)})}"


def wanted_by(query: Mapping[str, str]) -> Wanted:
    """What a browser asks for; what is not allowed is left at its default."""

    def chosen(key: str) -> str:
        value, allowed = query.get(str(page_state.parameter(key)), ""), page_state.choices(key)
        return value if value in allowed else page_state.row(key).default

    others = [name for name in query.get("others", "").split(",") if name]
    return Wanted(
        query.get("run", ""),
        chosen("loss_unit"),
        chosen("over"),
        tuple(others[: page_state.limits("others")[1]]),
        query.get("may_act") == "1",
    )


@dataclass
class Answer:
    """A document, and its bytes for those who have its chart or not, by the first text that they don't have."""

    document: Document
    made: float  # by time.monotonic()
    etag: str = ""
    packed: dict[tuple[bool, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = self.document
        whole = [document.parts, document.version, document.reading, len(document.samples)]
        self.etag = f'"{hashlib.blake2b(json.dumps(whole).encode(), digest_size=12).hexdigest()}"'

    def body(self, has_chart: bool, first: int) -> bytes:
        """The answer as compressed JSON."""
        if (has_chart, first) not in self.packed:
            document = self.document
            chart = {} if has_chart else {"figure": document.chart, "version": document.version}
            texts = {"number": document.reading, "first": first, "more": document.texts(first)}
            said = document.parts | {"chart": document.parts["chart"] | chart, "texts": texts}
            packed = gzip.compress(json.dumps(said, separators=(",", ":")).encode(), compresslevel=5)
            self.packed[has_chart, first] = packed
        return self.packed[has_chart, first]


_answers: OrderedDict[Wanted, Answer] = OrderedDict()  # the one asked for last is the last
_under_way: dict[Wanted, asyncio.Task[Answer]] = {}


async def run(request: Request) -> Response:
    """Answer a browser."""
    query = request.query_params
    wanted = wanted_by(query)
    try:
        answer = await _answer(wanted)
    except RunError:
        return JSONResponse({"gone": True}, 404, _NO_STORE)
    except Exception as error:
        said = os_errors.sentence(error)
        if said is None or os_errors.may_be_defect(error):
            log.exception("The state of run %r could not be told.", wanted.run)
        return JSONResponse({"error": said or "Internal error in CharLab."}, 503, _NO_STORE)
    headers = _NO_STORE | {"ETag": answer.etag, AT: f"{answer.document.at:.3f}"}
    if request.headers.get("if-none-match") == answer.etag:
        return Response(status_code=304, headers=headers)
    first = _first(query, answer.document)
    has_chart = query.get("chart") == answer.document.version
    if len(answer.document.samples) - first > _MANY_TEXTS:
        body = await asyncio.to_thread(answer.body, has_chart, first)
    else:
        body = answer.body(has_chart, first)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(body), media_type="application/json", headers=headers)
    return Response(body, media_type="application/json", headers=headers | {"Content-Encoding": "gzip"})


def _first(query: Mapping[str, str], document: Document) -> int:
    """The first text that a browser does not have."""
    if query.get("reading") != str(document.reading):
        return 0
    has = query.get("texts", "")
    return min(int(has), len(document.samples)) if has.isdecimal() and len(has) < 10 else 0


async def _answer(wanted: Wanted) -> Answer:
    """The answer, made where the last one is too old; all who ask meanwhile wait for the same one."""
    answer = _answers.get(wanted)
    if answer and time.monotonic() - answer.made < LOOK_SECONDS:
        _answers.move_to_end(wanted)
        return answer
    if wanted not in _under_way:
        task = _under_way[wanted] = asyncio.create_task(_make(wanted))
        task.add_done_callback(lambda _: _under_way.pop(wanted, None))
    return await asyncio.shield(_under_way[wanted])


async def _make(wanted: Wanted) -> Answer:
    document = await asyncio.to_thread(live_document.make, wanted)
    answer = _answers[wanted] = Answer(document, time.monotonic())
    _answers.move_to_end(wanted)
    while len(_answers) > _MOST_ANSWERS:
        _answers.popitem(last=False)
    return answer
