"""The models that ship with CharLab are what their recipes and their page say."""

import re

import pytest

from charlab import corpora, library, plan, reading, shipped


@pytest.mark.parametrize("name", shipped.RECIPES)
def test_a_starter_was_made_by_its_recipe(name):
    recipe, starter = shipped.RECIPES[name], library.find(name)
    assert starter.path.parent == library.STARTERS and starter.config().name == recipe.title
    command = plan.command(starter.config())
    wanted, found = (
        set(re.findall(r"[a-z_0-9]+=\S+|--(?:preset|epochs|minutes) \S+", words))
        for words in (recipe.words, command)
    )
    assert wanted and wanted == found
    assert set(starter.weight_names()) - {"best"} == {f"epoch-{epoch:03d}" for epoch in recipe.epochs}
    assert library.load(name).which in ("best", f"epoch-{starter.status().best_epoch:03d}")


def test_all_starters_together_stay_small():
    paths = list(library.STARTERS.rglob("*.safetensors"))
    assert {path.parent.parent.name for path in paths} == set(shipped.RECIPES)
    assert sum(path.stat().st_size for path in paths) <= shipped.MOST_BYTES


def test_the_page_of_the_starters_says_how_good_they_are():
    page = (library.STARTERS / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\S+) \| (\d\.\d{4}) nats", page, re.MULTILINE))
    assert set(rows) == set(shipped.RECIPES)
    text = corpora.load(shipped.CORPUS).text
    held_out = text[plan.split_at(len(text), 0.1) :]
    for name in ("quick-gru", "ngram"):  # the others take longer to read it
        model = library.load(name)
        loss = reading.evaluate(model.predictor, model.vocab, model.vocab.encode(held_out)).loss_nats
        assert loss == pytest.approx(float(rows[name]), abs=1e-4)
