"""What the core says, in the words of a page: no options of the command line; and dates as people say them."""

import time

import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import decoding
from charlab.errors import CorpusError
from charlab.runs import diagnosis, plan, validation
from pages.parts.shared import dates
from pages.parts.shared.page_words import in_page_words


def sentences() -> list[str]:
    """Sentences of the core that name an option or a setting."""
    found = [validation.LIST_PROPOSAL, validation._where("blocks"), diagnosis._divergence(TrainConfig())]
    found += [plan._fitting("abc" + "".join(map(chr, range(0x4E00, 0x5000))), ModelConfig(alphabet_limit=128))]
    found += [plan._fitting("Привет, мир", ModelConfig(alphabet="code-points"))]
    with pytest.raises(CorpusError) as raised:
        decoding.decode("Привет ".encode("cp1251") * 99, "x.txt", "utf-8")
    return [*found, str(raised.value), "Try a smaller batch_size, shorter windows or fewer units."]


def test_a_page_names_no_option_and_no_key():
    for sentence in sentences():
        said = in_page_words(sentence)
        assert said != sentence and "--" not in said and "_" not in said and "command line" not in said
        assert "  " not in said and " ." not in said and " :" not in said and "()" not in said, said
    assert in_page_words(validation._where("blocks")) == " (in the advanced settings)"
    assert in_page_words("Try a smaller batch_size.") == "Try a smaller batch size."
    assert in_page_words("A name of one's own: my_text --set x") == "A name of one's own: my_text --set x"


def test_dates_are_said_as_people_do():
    noon = time.mktime((2026, 11, 27, 12, 0, 0, 0, 0, -1))
    assert dates.in_words(noon - 3600, noon) == "today at 11:00"
    assert dates.in_words(noon - 24 * 3600, noon) == "yesterday at 12:00"
    assert dates.in_words(noon - 3 * 24 * 3600, noon) == "24 November 2026"


def test_only_equal_titles_get_a_date_and_then_a_number():
    noon = time.mktime((2026, 11, 27, 12, 0, 0, 0, 0, -1))
    titles = {"a": "Essay", "b": "Essay", "c": "Essay", "d": "Sea", "e": "Essay"}
    found = dates.told_apart(titles, {"a": noon, "b": noon, "c": noon + 60, "d": noon, "e": None})
    assert found == {
        "a": "Essay, 27 Nov 12:00",
        "b": "Essay, 27 Nov 12:00 (2)",
        "c": "Essay, 27 Nov 12:01",
        "d": "Sea",
        "e": "Essay",
    }
