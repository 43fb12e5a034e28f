"""Values that are made once for all readers."""

import threading
import time

import pytest

from pages.parts.shared.kept import Kept


def test_those_who_ask_at_once_wait_for_one_of_them():
    kept, made, together = Kept(3), [], threading.Barrier(6)
    found = []

    def make():
        made.append(1)
        time.sleep(0.1)
        return object()

    def ask():
        together.wait()
        found.append(kept.get("key", make))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and len(found) == 6 and all(one is found[0] for one in found)


def test_what_cannot_be_made_is_raised_and_made_again():
    kept = Kept(3)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 / 0)
    assert kept.get("key", lambda: 2) == 2 == kept.get("key", lambda: 3)
    kept.drop("key")
    assert kept.get("key", lambda: 4) == 4


def test_no_more_are_kept_than_said_and_those_asked_for_last():
    kept = Kept(2)
    for name in ("first", "second", "first", "third"):
        kept.get(name, lambda name=name: name)
    assert kept.get("first", lambda: "again") == "first"
    assert kept.get("second", lambda: "again") == "again"
