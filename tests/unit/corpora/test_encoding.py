import numpy as np

from charlab.corpora import encoding


def test_the_split_leaves_a_tenth_and_at_least_two():
    assert encoding.split_at(1000, 0.1) == 900
    assert encoding.split_at(10, 0.01) == 8


def test_mapped_ids_are_the_same_ids():
    ids = np.arange(100_000).astype(np.uint16)
    mapped = encoding.mapped(ids)
    assert isinstance(mapped, np.memmap) and mapped.dtype == np.uint16
    np.testing.assert_array_equal(mapped, ids)
