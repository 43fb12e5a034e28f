"""What tests of pages need that run in a process which has trained."""

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def collect_little_garbage():
    """Objects that earlier tests made are left out of later garbage collections: Streamlit collects after each run
    of a page, which takes half a second in a process that has trained."""
    gc.collect()
    gc.freeze()
