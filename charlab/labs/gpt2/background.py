"""A download of GPT-2 in a thread of the server: who looks at a page sees how far it is, and may stop it."""

from __future__ import annotations

import logging
import threading

from charlab import os_errors
from charlab.labs.gpt2 import download, permission
from charlab.labs.gpt2.download import Source
from charlab.runs.permissions import Actor

log = logging.getLogger(__name__)


class _Stopped(Exception):
    """Somebody has stopped the download; what has been received stays."""


class BackgroundDownload:
    """At most one download at a time. It goes on where an earlier one was stopped or broke off."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._lock, self._is_stopped = threading.Lock(), False
        self.problem = ""  # why the last one failed, as a sentence

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, actor: Actor, source: Source) -> None:
        """Begin, where none is running. Raises UnavailableError where the actor may not download."""
        permission.check_download(actor)
        with self._lock:
            if not self.is_running:
                self._is_stopped, self.problem = False, ""
                self._thread = threading.Thread(target=self._work, args=(actor, source), daemon=True, name="gpt2")
                self._thread.start()

    def stop(self, actor: Actor) -> None:
        """End it after the next bytes; it can be continued. Raises UnavailableError for who may not download."""
        permission.check_download(actor)
        self._is_stopped = True

    def wait(self) -> None:
        """Until it has ended, however it does."""
        if self._thread:
            self._thread.join()

    def _work(self, actor: Actor, source: Source) -> None:
        try:
            download.fetch(actor, source, self._look)
        except _Stopped:
            pass
        except Exception as error:
            said = os_errors.sentence(error)
            self.problem = said or "Internal error in CharLab. The details are in the server's log."
            log.warning("GPT-2 could not be downloaded: %s", said, exc_info=None if said else error)

    def _look(self, received: int) -> None:
        if self._is_stopped:
            raise _Stopped


_ONE = BackgroundDownload()  # made here: two visitors who come at once must not make two


def of_server() -> BackgroundDownload:
    """The one of this process."""
    return _ONE
