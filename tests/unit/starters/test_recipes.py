"""The models that ship with CharLab match their recipes and their README."""

import re

import numpy as np
import pytest

from charlab.core import reading
from charlab.corpora import catalogue, encoding
from charlab.runs import models, shell_commands, store
from charlab.starters import __main__ as command_line
from charlab.starters import recipes
from helpers.tiny import TINY, make_run, random_weights


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_starter_was_made_by_its_recipe(name):
    recipe, starter = recipes.RECIPES[name], models.find(name)
    assert starter.path.parent == models.STARTERS and starter.config().name == recipe.title
    command = shell_commands.training_command(starter.config())
    wanted, found = (
        set(re.findall(r"[a-z_0-9]+=\S+|--(?:preset|epochs|minutes) \S+", words))
        for words in (recipe.options, command)
    )
    assert wanted and wanted == found
    assert set(starter.weight_names()) - {"best"} == {f"epoch-{epoch:03d}" for epoch in recipe.epochs}
    assert models.load(name).weights_name in ("best", f"epoch-{starter.status().best_epoch:03d}")


def test_all_starters_together_stay_small():
    paths = list(models.STARTERS.rglob("*.safetensors"))
    assert {path.parent.parent.name for path in paths} == set(recipes.RECIPES)
    assert sum(path.stat().st_size for path in paths) <= recipes.MAX_BYTES


def test_the_page_of_the_starters_says_how_good_they_are():
    page = (models.STARTERS / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\S+) \| (\d\.\d{4}) nats", page, re.MULTILINE))
    without_bits = [
        re.sub(r"\d\.\d{3} bits", "", words)
        for words in (page, recipes.readme({name: float(nats) for name, nats in rows.items()}))
    ]
    assert without_bits[0] == without_bits[1]  # bits are rounded from more digits of the loss
    assert set(rows) == set(recipes.RECIPES)
    for name in ("quick-gru", "ngram", "reber-gru"):  # the others take longer to read it
        text = catalogue.load(recipes.RECIPES[name].corpus).text
        held_out = text[encoding.split_at(len(text), 0.1) :]
        model = models.load(name)
        loss = reading.evaluate(model.predictor, model.vocab, model.vocab.encode(held_out)).loss_nats
        assert loss == pytest.approx(float(rows[name]), abs=1e-4)


def test_a_run_is_kept_as_a_starter_in_half_the_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "STARTERS", tmp_path / "starters")
    run = make_run(name="My run")
    recipes.keep_as_starter(run, "mine")
    ours, theirs = store.Run(models.STARTERS / "mine").weights(), run.weights()
    assert all((ours[name] == theirs[name].astype(np.float16)).all() for name in theirs)
    assert {array.dtype for array in ours.values()} == {np.dtype(np.float32)}
    path = models.STARTERS / "mine" / "weights" / "best.safetensors"
    assert path.stat().st_size < 0.65 * run.weights_path("best").stat().st_size  # the header stays
    starter = models.available_models()[0]
    assert (starter.name, starter.where, starter.val_loss) == ("mine", "starter", 2.0)


def test_a_starter_with_epochs_answers_as_its_best_one(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "STARTERS", tmp_path / "starters")
    run = make_run(best_epoch=2)
    for epoch in (1, 2, 3):
        run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=epoch), f"epoch-{epoch:03d}")
    recipes.keep_as_starter(run, "mine", epochs=(1, 2))
    starter = models.find("mine")
    assert starter.weight_names() == ["epoch-001", "epoch-002"]
    assert models.load("mine").weights_name == "epoch-002"
    assert models.load("mine").digest == models.load("mine", "epoch-002").digest
    recipes.keep_as_starter(run, "mine", epochs=(1, 3))
    assert starter.weight_names() == ["epoch-001", "epoch-003", "best"]
    assert models.load("mine").weights_name == "best"


def test_a_finished_run_becomes_a_starter_by_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(models, "STARTERS", tmp_path / "starters")
    run = make_run(name="My run")
    assert command_line.main(["keep", run.id, "mine"]) == 0
    assert f"{tmp_path / 'starters' / 'mine'}: 2.0000 nats, trained by: " in capsys.readouterr().out
    assert models.find("mine").weight_names() == ["best"]
    assert command_line.main(["keep", "nobody", "theirs"]) == 2
    assert capsys.readouterr().err.startswith("charlab.starters: ")
    assert not (tmp_path / "starters" / "theirs").exists()


@pytest.mark.parametrize(("words", "names"), [([], []), (["make", "ngram"], ["ngram"])])
def test_the_recipes_are_run_by_the_command_line(words, names, monkeypatch):
    made = []
    monkeypatch.setattr(recipes, "make_all", made.append)
    assert command_line.main(words) == 0
    assert made == [names]


def test_a_recipe_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit):
        command_line.main(["make", "best-lstm"])
    assert "best-lstm" in capsys.readouterr().err
