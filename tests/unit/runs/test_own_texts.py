"""Texts of one's own: whose they are, which runs need them, and who may delete one when."""

import json
import time
from dataclasses import replace

import pytest

from charlab.corpora import catalogue, stored_texts, uploads
from charlab.errors import CorpusError, RunError
from charlab.runs import control, models, own_texts, plan, quotas, store
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, THE_TEACHER, Actor

ANN, BEN = Actor(STUDENT, "ann"), Actor(STUDENT, "ben")
TEXT = "A text of one's own, with a good many letters in it.\n" * 60


def add(actor: Actor, title: str = "Own", text: str = TEXT) -> str:
    return quotas.store_text(uploads.named(uploads.read_pasted(text), title), actor)


def run_on(name: str, actor: Actor, state: str = "done") -> store.Run:
    planned = plan.plan_run(catalogue.load(name), "ngram", name="Counts")
    run = planned.create(actor)
    run.write_status(store.Status(state))
    return run


def facts(name: str) -> stored_texts.StoredText:
    found = stored_texts.find(name)
    assert found
    return found


def test_ones_texts_are_those_of_the_browser_and_all_for_teacher_and_operator():
    first, second = add(ANN, "First"), add(BEN, "Second", TEXT.upper())
    assert [text.name for text in own_texts.texts_of(ANN)] == [first]
    assert [text.name for text in own_texts.texts_of(BEN)] == [second]
    for actor in (OPERATOR, Actor(TEACHER, THE_TEACHER)):
        assert [text.name for text in own_texts.texts_of(actor)] == [second, first]  # newest first
    assert own_texts.texts_of(Actor(STUDENT, "")) == []


def test_only_its_owner_and_the_teacher_delete_a_text():
    name = add(ANN)
    for actor in (BEN, Actor(STUDENT, "")):
        with pytest.raises(RunError, match="added in another browser"):
            own_texts.delete(name, actor)
    assert stored_texts.find(name)
    own_texts.delete(name, ANN)
    assert stored_texts.find(name) is None and catalogue.stored() == []
    with pytest.raises(RunError, match="already deleted"):
        own_texts.delete(name, ANN)
    own_texts.delete(add(BEN), Actor(TEACHER, THE_TEACHER))
    assert catalogue.stored() == []


def test_deleting_a_text_gives_its_room_back(monkeypatch):
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.005")
    name = add(ANN)
    with pytest.raises(RunError, match="Delete runs and texts"):
        add(ANN, "More", TEXT.upper())
    own_texts.delete(name, ANN)
    assert quotas.bytes_of("ann") == 0
    assert stored_texts.find(add(ANN, "More", TEXT.upper()))


@pytest.mark.parametrize("state", ["queued", "running", "pausing", "stopping"])
@pytest.mark.parametrize("actor", [ANN, OPERATOR])
def test_a_text_stays_while_a_run_on_it_waits_or_trains(state, actor):
    name = add(ANN)
    run = run_on(name, BEN, "queued" if state == "queued" else "running")
    with run.lock():
        if state in ("pausing", "stopping"):
            run.ask({"pausing": "pause", "stopping": "stop"}[state])
        with pytest.raises(RunError, match="while a run on it waits or trains: “Counts”"):
            own_texts.delete(name, actor)
    assert catalogue.load(name).text == TEXT


def test_what_ended_runs_lose_is_said_and_comes_back_with_the_same_text():
    name = add(ANN, "Sea")
    run = run_on(name, ANN, "paused")
    words = own_texts.lost_with([run])
    assert "“Counts” stays" in words and "Resume and Train longer no longer work" in words
    assert own_texts.lost_with([]) == "No run was trained on it."
    many = own_texts.lost_with([run] * 5)
    assert "“Counts”, “Counts”, “Counts” and 2 more runs stay" in many
    own_texts.delete(name, ANN)
    with pytest.raises(CorpusError, match="“Sea”, which this run was made for, is no longer on this machine"):
        control.resume(run, ANN)
    assert run.status().state == "paused" and name not in models.corpus_title(run.config())
    assert add(ANN, "Sea") == name
    control.resume(run, ANN)
    assert run.status().state == "queued"


def test_a_student_does_not_take_the_text_of_somebody_elses_run():
    name = add(ANN)
    run_on(name, BEN)
    with pytest.raises(RunError, match="runs from other browsers.*only the teacher"):
        own_texts.delete(name, ANN)
    own_texts.delete(name, Actor(TEACHER, THE_TEACHER))
    assert catalogue.stored() == []


def test_the_same_text_again_is_renamed_by_its_owner_only():
    name = add(ANN, "First name")
    assert add(BEN, "Ben's name") == name and facts(name).title == "First name"
    assert add(ANN, "Second name") == name and facts(name).title == "Second name"
    assert facts(name).owner == "ann" and catalogue.load(name).text == TEXT


def test_a_run_remembers_what_its_text_was_called():
    name = add(ANN, "Sea")
    config = run_on(name, ANN).config()
    assert config.corpus == name and config.corpus_title == "Sea" == models.corpus_title(config)
    add(ANN, "Ocean")
    assert models.corpus_title(config) == "Ocean"
    own_texts.delete(name, ANN)
    assert models.corpus_title(config) == "Sea"
    assert models.corpus_title(replace(config, corpus_title="")) == "a text that is no longer here"
    assert models.corpus_title(replace(config, corpus="/home/ann/sea.txt", corpus_title="")) == "sea.txt"
    assert models.corpus_title(replace(config, corpus="coin-flips", corpus_title="")) == "Coin flips"


def test_a_text_of_an_older_version_has_a_date():
    name = add(ANN)
    path = stored_texts.path_of(name).with_suffix(".json")
    path.write_text(path.read_text(encoding="utf-8").replace('"added"', '"other"'), encoding="utf-8")
    assert facts(name).added == pytest.approx(path.stat().st_mtime)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The tide came in and the boats went out again.\n", "The tide came in and the boats went out ..."),
        ("\n\n  * * *\n\n  Short  line \nmore\n", "Short line"),
        (
            "Donaudampfschifffahrtsgesellschaftskapitänsmütze und mehr\n",
            "Donaudampfschifffahrtsgesellschaftskapit ...",
        ),
        ("123, 456, 789, 123, 456, 789, 123, 456, 789, 123, 456\n", "123, 456, 789, 123, 456, 789, 123, 456 ..."),
        ("...\n", "The text"),
    ],
)
def test_a_pasted_text_is_called_by_its_first_words(text, expected):
    assert uploads.named(uploads.made("", "", text), "  ").title == expected
    assert uploads.named(uploads.made("", "", text), " My\nown ").title == "My own"


@pytest.mark.parametrize(
    "damage", [{"title": None}, {"title": 5}, {"sha256": 5}, {"characters": "many"}, {"notes": None}]
)
def test_a_text_whose_facts_are_damaged_is_none(damage):
    damage_facts(name := add(ANN), damage)
    assert own_texts.texts_of(OPERATOR) == catalogue.stored() == [] and stored_texts.find(name) is None
    assert add(BEN) == name and facts(name).owner == "ben"


@pytest.mark.parametrize("added", [-1.0, 1e300, "yesterday", None])
def test_a_date_that_is_none_is_that_of_the_file(added):
    damage_facts(name := add(ANN), {"added": added})
    assert abs(facts(name).added - time.time()) < 60


def damage_facts(name: str, damage: dict) -> None:
    path = stored_texts.path_of(name).with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | damage), encoding="utf-8")
