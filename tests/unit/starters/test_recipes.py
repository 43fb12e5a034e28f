"""The models that ship with CharLab are what their recipes and their page say."""

import re

import pytest

from charlab.core import reading
from charlab.corpora import catalogue, encoding
from charlab.runs import models, shell_commands
from charlab.starters import recipes


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_starter_was_made_by_its_recipe(name):
    recipe, starter = recipes.RECIPES[name], models.find(name)
    assert starter.path.parent == models.STARTERS and starter.config().name == recipe.title
    command = shell_commands.training_command(starter.config())
    wanted, found = (
        set(re.findall(r"[a-z_0-9]+=\S+|--(?:preset|epochs|minutes) \S+", words))
        for words in (recipe.words, command)
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
    assert set(rows) == set(recipes.RECIPES)
    text = catalogue.load(recipes.CORPUS).text
    held_out = text[encoding.split_at(len(text), 0.1) :]
    for name in ("quick-gru", "ngram"):  # the others take longer to read it
        model = models.load(name)
        loss = reading.evaluate(model.predictor, model.vocab, model.vocab.encode(held_out)).loss_nats
        assert loss == pytest.approx(float(rows[name]), abs=1e-4)
