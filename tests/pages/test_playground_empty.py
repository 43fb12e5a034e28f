"""The Playground before the first text."""

from __future__ import annotations

import pytest

from helpers.pages import codes, open_page, press, written
from helpers.tiny import make_run, write_epochs


@pytest.mark.parametrize(
    ("lesson", "titles"), [("Temperature 0", 3), ("Many temperatures", 6), ("Several models", 2)]
)
def test_the_empty_page_has_lessons_that_begin_with_one_click(lesson, titles):
    run = make_run()
    write_epochs(run)
    app = press(open_page("playground", model=run.id, length="20", seed_text="the "), lesson)
    assert not app.exception and len(written(app).samples) == titles and len(codes(app)) == titles
    assert lesson not in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("prompt", "does"),
    [("the *fox*\n", "continues “the *fox*”"), ("", "begins a text"), ("the fox " * 9, "continues “the fox ")],
)
def test_the_empty_page_says_in_present_mode_what_to_press(prompt, does):
    app = open_page("playground", model=make_run().id, seed_text=prompt, present="1")
    (said,) = [element.value for element in app.markdown if "Press Generate**:" in element.value]
    assert f"**Press Generate**: the model {does}" in said.replace("\\", "")
    assert said.endswith(", one character at a time.") and len(said) < 150
    assert not [element for element in press(app, "Generate").markdown if "Press Generate" in element.value]
