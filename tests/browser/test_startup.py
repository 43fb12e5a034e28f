"""A process stands ready to train while the Train page is open in a browser."""

import psutil
import pytest

from charlab.runs import memory, warm
from helpers.browser import serving, settled, wait_until

FREE = memory.free_bytes()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(FREE is None or FREE < warm.STARTS_WITH_BYTES, reason="needs 3 GB of free memory"),
]


@pytest.mark.slow
def test_a_process_stands_ready_once_the_train_page_is_open(tmp_path, page):
    with serving(tmp_path, CHARLAB_WARM="1") as served:
        page.goto(f"{served.address}/playground")
        settled(page)
        assert not children(served)
        page.goto(f"{served.address}/train")
        settled(page)
        wait_until(lambda: children(served))
        page.goto("about:blank")
        (process,) = children(served)
    assert process.wait(60) is None or not process.is_running()  # it ended with its server


def children(served) -> list[psutil.Process]:
    found = psutil.Process(served.process.pid).children()
    return [child for child in found if "stand-ready" in child.cmdline()]
