"""Pages in Streamlit's own test harness."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from streamlit.testing.v1 import AppTest

from charlab.runs.live import Snapshots
from helpers.project import ROOT
from pages.parts.playground.stream_samples import GenerationResult
from pages.parts.train import live_document, live_route

PAGES = ["home", "train", "playground", "explainer", "labs"]


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if name != "home":
        app.switch_page(f"{name}.py").run()
    return app


def open_popover(app: AppTest, key: str) -> AppTest:
    """Open a popover whose content is drawn only then (pages/parts/shared/lazy_popover.py)."""
    app.session_state[key] = True
    return app.run()


def press(app: AppTest, label: str) -> AppTest:
    """Press the one button with that label."""
    (button,) = [button for button in app.button if button.label == label]
    button.click().run()
    assert not app.exception
    return app


def codes(app: AppTest) -> list[str]:
    """The texts that the Playground has generated."""
    return [element.value for element in app.code if not element.value.startswith("python -m charlab")]


def written(app: AppTest) -> GenerationResult:
    """The Playground's result."""
    return app.session_state["written"]


def model_box(app: AppTest):
    """The picker of models, whose key changes (pages/parts/shared/stable_selectbox.py)."""
    return next(box for box in app.selectbox if box.label == "Model")


def shown(app: AppTest) -> str:
    """The words of a page, with those that its live panel gets from the server."""
    kinds = ("title", "markdown", "caption", "code", "info", "warning")
    return "\n".join([*(str(element.value) for kind in kinds for element in app.get(kind)), *live_words(app)])


def live(app: AppTest) -> dict[str, Any]:
    """What the Train page's live panel shows now: what the server answers at the panel's address."""
    parts = [data_of(element) for element in app.get("bidi_component")]
    asked = [data["route"] for data in parts if data.get("part") == "progress"]
    if not asked:
        return {}
    live_document.SNAPSHOTS = Snapshots()  # what was read a moment ago would be told again
    wanted = live_route.wanted_by(dict(parse_qsl(urlsplit(asked[0]).query)))
    document = live_document.make(wanted)
    return document.parts | {"texts": document.texts(0), "drawn": json.loads(document.chart or "{}")}


def live_words(app: AppTest) -> list[str]:
    """Every sentence of the live panel."""
    told = live(app)
    if not told:
        return []
    reason, bar, words = told["reason"] or {}, told["bar"] or {}, told["words"]
    said = [told["state"], told["queue"], told["problem"], reason.get("words"), bar.get("words"), told["caption"]]
    said += [told["chart"]["instead"], *(figure.get("help") for figure in told["figures"])]
    said += [words["gap"], words["saved"], *words["summary"], *(text["text"] for text in told["texts"])]
    return [sentence for sentence in said if sentence]


def component(app: AppTest, key: str):
    """A component of ours on the page."""
    return next(element for element in app.get("bidi_component") if element.key == key)


def given(app: AppTest, key: str) -> dict:
    """What the page gives to a component."""
    return data_of(component(app, key))


def data_of(element) -> dict:
    """What the page gives to this component."""
    data = json.loads(element.proto.json)
    return data[0] if isinstance(data, list) else data


def send(app: AppTest, key: str, event: str, value) -> AppTest:
    """What a browser sends when a component reports something."""
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = f"$$STREAMLIT_INTERNAL_KEY_{component(app, key).proto.id}__events"
    state.json_trigger_value = json.dumps([{"event": event, "value": value}])
    return app._run(states)
