"""Many who ask for the same at once get one answer, and what is kept has a bound in bytes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import numpy as np
import pytest

from pages.parts.shared.shared_cache import SharedCache, size_of


def test_thirty_who_ask_at_once_are_answered_by_one_computation():
    cache, computed, begin = SharedCache(1000, len), [], Barrier(30)

    def compute() -> bytes:
        computed.append(1)
        time.sleep(0.05)
        return b"answer"

    def ask(_number: int) -> bytes:
        begin.wait()
        return cache.get("question", compute)

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(ask, range(30)))
    assert len(computed) == 1 and all(answer is answers[0] for answer in answers)


def test_different_questions_do_not_wait_for_each_other():
    cache, begin = SharedCache(1000, len), Barrier(2, timeout=20)

    def compute() -> bytes:
        begin.wait()  # fails unless both compute at the same time
        return b"answer"

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda key: cache.get(key, compute), "ab")) == [b"answer"] * 2


def test_what_was_not_asked_for_the_longest_time_leaves_and_the_newest_stays():
    cache = SharedCache(10, len)
    for key in "abc":
        cache.get(key, lambda: b"1234")
        cache.find("a")
    assert cache.find("a") and cache.find("b") is None and cache.find("c") and cache.bytes == 8
    cache.get("large", lambda: bytes(100))
    assert cache.bytes == 100 and cache.find("a") is None and len(cache.find("large")) == 100


def test_the_size_of_a_value_is_that_of_its_arrays_and_texts_each_once():
    array = np.zeros(1000)
    value = SimpleNamespace(one=array, same=[array, {"text": "x" * 500}], kind=SimpleNamespace)
    value.itself = value
    assert 8500 < size_of(value) < 9500


def test_what_is_dropped_is_computed_again_and_takes_no_room():
    cache = SharedCache(10, len)
    for answer in (b"first", b"second"):
        assert cache.get("a", lambda answer=answer: answer) == answer and cache.bytes == len(answer)
        cache.drop("a")
        cache.drop("a")
    assert cache.bytes == 0 and cache.find("a") is None


def test_what_fails_is_tried_again():
    cache = SharedCache(10, len)
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0)
    assert cache.get("a", lambda: b"1") == b"1"
