"""What this server answers beside the pages: scripts, and what the pages' components read from it."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.parts.shared import engine_files, first_document, served_files, teacher_link
from pages.parts.train import device_route, live_route


def routes() -> list[Route]:
    """Every route, under the first part of all addresses of this server."""
    answers = {
        "/assets/plotly.min.js": plotly_js,
        served_files.PATH: served_files.answer,
        engine_files.PATH: engine_files.answer,
        "/reading/{key}/{what}": reading,
        "/inside/{key}/{what}": inside,
        "/random-numbers/{seed}": random_numbers,
        "/alphabet/{digest}": alphabet,
        live_route.PATH: live_route.run,
        teacher_link.PATH: teacher_link.enter,
    }
    answers |= {f"/{page}": first_document.answer for page in first_document.PAGES}
    found = [Route(served_files.root() + path, answer) for path, answer in answers.items()]
    device = Route(served_files.root() + device_route.PATH, device_route.answer, methods=["GET", "POST"])
    return [*found, device]


def plotly_js(_request: Request) -> Response:
    """Plotly's script from the installed package, so that no other server is needed; browsers cache it."""
    return Response(_packed_plotly(), media_type="text/javascript", headers=served_files.KEEP)


async def reading(request: Request) -> Response:
    """What the Explainer shows of a model's reading of a text: a figure in a thread, what takes 1 ms at once."""
    from pages.parts.explainer import readings  # draws charts: loaded once somebody asks

    if readings.is_quick(request):
        return readings.answer(request)
    return await run_in_threadpool(readings.answer, request)


def inside(request: Request) -> Response:
    """What the Explainer shows of the inside of a network."""
    from pages.parts.explainer import activations

    return activations.answer(request)


async def random_numbers(request: Request) -> Response:
    """The random numbers of a seed: at once, as they take 0.1 ms."""
    from pages.parts.explainer import step_by_step

    return step_by_step.random_numbers(request)


def alphabet(request: Request) -> Response:
    """The names of a large alphabet."""
    from pages.parts.explainer import step_by_step

    return step_by_step.alphabet(request)


@cache
def _packed_plotly() -> bytes:
    """4.8 MB compressed to 1.4 MB once, instead of once per visitor."""
    return gzip.compress(files("plotly").joinpath("package_data/plotly.min.js").read_bytes(), compresslevel=6)
