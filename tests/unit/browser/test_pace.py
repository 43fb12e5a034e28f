"""How often a device may ask."""

import pytest

from charlab.browser import uploads
from charlab.browser.uploads import Pace, Refused


def test_a_few_requests_are_answered_at_once_and_the_next_ones_wait(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(uploads.time, "monotonic", lambda: now[0])
    pace = Pace()
    assert [pace.wait(0.1, 3) for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    now[0] += 0.5
    assert [pace.wait(0.1, 3) for _ in range(4)] == pytest.approx([0, 0, 0, 0.1])


def test_no_more_messages_come_at_a_time_than_are_allowed():
    pace = Pace()
    with pace.reading(1):
        with pytest.raises(Refused, match="more messages"), pace.reading(1):
            pass
    with pace.reading(1):
        pass
