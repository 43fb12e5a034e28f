"""The part that compares runs, run by Streamlit's own harness."""

import pytest
from streamlit.testing.v1 import AppTest

from charlab.runs.store import Run
from helpers.tiny import make_run
from pages.parts.train import run_comparison


def app_of(body: str, run: Run) -> AppTest:
    program = f"""
import streamlit as st
from charlab.runs import store
from pages.parts.shared import url_state
from pages.parts.train import run_comparison
run = store.find({run.id!r})
config, events = run.config(), run.events()[0]
{body}
"""
    return AppTest.from_string(program, default_timeout=60)


PICK = (
    "st.write([other.id for other in run_comparison.others(run, st)])\n"
    "run_comparison.pick_others(run)\n"
    "url_state.write(run_comparison.in_link())"
)


def test_other_runs_are_chosen_by_hand_or_by_link_and_never_more_than_four():
    made = [make_run(name=f"run {i}") for i in range(6)]
    app = app_of(PICK, made[0]).run()
    assert made[0].id not in app.multiselect[0].options and len(app.multiselect[0].options) == 5
    app.multiselect[0].set_value([made[2].id]).run()
    assert app.query_params["others"] in (made[2].id, [made[2].id])
    opened = app_of(PICK, made[0])
    opened.query_params["others"] = ",".join([*(run.id for run in made), "../../etc"])
    opened.run()
    assert not opened.exception
    assert opened.multiselect[0].value == [run.id for run in made[1:5]]


def test_without_other_runs_there_is_nothing_to_choose():
    app = app_of(PICK, make_run()).run()
    assert not app.multiselect and not app.exception


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_what_differs_is_a_table_and_names_are_not_obeyed(kind):
    run, other = make_run(), make_run(kind, name="**evil** | <b>")
    app = app_of(f"run_comparison.table(config, [store.find({other.id!r})])", run).run()
    assert not app.exception
    said = "\n".join([*(m.value for m in app.markdown), *(c.value for c in app.caption)])
    if kind == "gru":
        assert "Same settings" in said
    else:
        assert "| Kind of model | gru | lstm |" in said and "**evil** |" not in said and "<b>" not in said


def test_one_run_alone_has_no_table():
    app = app_of("run_comparison.table(config, [])", make_run()).run()
    assert not app.markdown and not app.exception


def test_runs_of_one_name_are_called_the_same_in_the_chart_and_in_the_table():
    others = [make_run("lstm", name="Sea") for _ in range(2)]
    found = f"[store.find({others[0].id!r}), store.find({others[1].id!r})]"
    app = app_of(f"run_comparison.table(config, {found})", make_run()).run()
    head = "\n".join(element.value for element in app.markdown).replace("\\", "").splitlines()[0]
    labels = list(run_comparison.labels({other.id: other.config() for other in others}).values())
    assert len(set(labels)) == 2 and head == f"|  | this run | {' | '.join(labels)} |"
