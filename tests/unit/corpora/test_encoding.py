import numpy as np
import pytest

from charlab.core.vocab import Vocab
from charlab.corpora import encoding


def test_the_split_leaves_a_tenth_and_at_least_two():
    assert encoding.split_at(1000, 0.1) == 900
    assert encoding.split_at(10, 0.01) == 8


def test_mapped_ids_are_the_same_ids():
    ids = np.arange(100_000).astype(np.uint16)
    mapped = encoding.mapped(ids)
    assert isinstance(mapped, np.memmap) and mapped.dtype == np.uint16
    np.testing.assert_array_equal(mapped, ids)


@pytest.mark.parametrize(
    ("alphabet", "typed", "read"),
    [
        ("Züri ch", "Zu\u0308rich", "Zürich"),  # composed, as the alphabet has it
        ("Zu\u0308rich", "Zürich", "Zu\u0308rich"),  # apart, as the alphabet has it
        ("Zu\u0308rich", "Zu\u0308rich", "Zu\u0308rich"),
        ("Züu\u0308rich", "Zu\u0308rich", "Zürich"),  # has both
        ("abc", "ü\u0308", "ü\u0308"),  # has neither
        ("Å", "\u212b", "Å"),  # the sign of the unit
    ],
)
def test_letters_of_a_prompt_take_the_form_that_the_alphabet_has(alphabet, typed, read):
    vocab = Vocab("".join(sorted(set(alphabet))))
    assert encoding.in_alphabet(typed, vocab) == read
    assert len(vocab.unknown_in(read)) <= len(vocab.unknown_in(typed))
