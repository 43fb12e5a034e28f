"""Pages in Streamlit's own test harness."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from helpers.project import ROOT

PAGES = ["home", "train", "playground", "explainer"]


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "router.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if name != "home":
        app.switch_page(f"{name}.py").run()
    return app


def model_box(app: AppTest):
    """The picker of models, whose key changes (pages/parts/shared/stable_selectbox.py)."""
    return next(box for box in app.selectbox if box.label == "Model")


def shown(app: AppTest) -> str:
    return "\n".join(
        str(element.value)
        for kind in ("title", "markdown", "caption", "code", "info", "warning")
        for element in app.get(kind)
    )
