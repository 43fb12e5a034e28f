"""How a server knows a browser again: signed names, and the link that makes a browser the teacher's.

Two files in the cache folder, readable by the server's user alone, keep both over a restart:

    server/secret          signs the names; whoever deletes it makes all browsers new
    server/teacher.json    the token of the teacher's link, and the browsers that have opened it; whoever deletes
                           it makes a new link, and takes the role from all of them
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from charlab.corpora.downloads import cache_folder
from charlab.errors import UnavailableError
from charlab.files import write_whole

_MAX_TEACHERS = 20  # browsers; the one that has been the teacher's longest gives way
_LOCK_SECONDS = 10.0
_known_secrets: dict[Path, bytes] = {}


def new_name() -> str:
    """A signed name for a browser that has none."""
    return signed(secrets.token_hex(8))


def check() -> None:
    """Raises UnavailableError where this server cannot name browsers, since it cannot keep its secret."""
    _secret()


def signed(name: str) -> str:
    """A browser's name with its signature, HMAC-SHA256, as a cookie holds both."""
    return f"{name}.{hmac.new(_secret(), b'browser ' + name.encode(), hashlib.sha256).hexdigest()}"


def verified(cookie: str) -> str:
    """The name in a cookie; "" where this server has not signed it."""
    name, _, _ = cookie.partition(".")
    if not re.fullmatch(r"[0-9a-f]{16}", name) or not cookie.isascii():
        return ""
    return name if hmac.compare_digest(signed(name), cookie) else ""


def teacher_token() -> str:
    """The token of the teacher's link."""
    return _teacher()["token"]


def admit(token: str) -> str | None:
    """A new cookie for a browser that opened the teacher's link; None where its token is not the teacher's."""
    with _locked():
        teacher = _teacher()
        if not hmac.compare_digest(teacher["token"].encode(), token.encode()):
            return None
        cookie = secrets.token_hex(32)
        browsers = [*teacher["browsers"], _digest(cookie)][-_MAX_TEACHERS:]
        _write(_path("teacher.json"), json.dumps(teacher | {"browsers": browsers}))
        return cookie


def is_teacher(cookie: str) -> bool:
    """Whether a cookie is that of a browser that opened the teacher's link, and has not given the role up."""
    return bool(cookie) and _digest(cookie) in _teacher()["browsers"]


def dismiss(cookie: str) -> None:
    """Take the teacher's role from the browser with this cookie."""
    with _locked():
        teacher = _teacher()
        browsers = [browser for browser in teacher["browsers"] if browser != _digest(cookie)]
        _write(_path("teacher.json"), json.dumps(teacher | {"browsers": browsers}))


def _secret() -> bytes:
    path = _path("secret")
    if path not in _known_secrets:
        text = _read(path) or _made(path, secrets.token_hex(32))
        if not re.fullmatch(r"[0-9a-f]{64}", text):
            raise UnavailableError(f"{path} is damaged. Delete it: browsers then get new names.")
        _known_secrets[path] = bytes.fromhex(text)
    return _known_secrets[path]


def _teacher() -> dict[str, Any]:
    path = _path("teacher.json")
    text = _read(path) or _made(path, json.dumps({"token": secrets.token_urlsafe(24), "browsers": []}))
    try:
        teacher = json.loads(text)
        if isinstance(teacher["token"], str) and len(teacher["token"]) >= 32 and _are_digests(teacher["browsers"]):
            return teacher
    except (ValueError, RecursionError, TypeError, KeyError):
        pass
    raise UnavailableError(f"{path} is damaged. Delete it: the server then makes a new link for the teacher.")


def _are_digests(browsers: Any) -> bool:
    return isinstance(browsers, list) and all(isinstance(browser, str) for browser in browsers)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()  # so that the file alone makes nobody the teacher


def _path(name: str) -> Path:
    return cache_folder() / "server" / name


def _read(path: Path) -> str:
    """What a file holds; "" where there is none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise _unusable("read", path, error) from error


def _made(path: Path, text: str) -> str:
    """What a file holds that was not there: this text, unless another process was faster."""
    with _locked():
        found = _read(path)
        if not found:
            _write(path, text)
        return found or text


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode("utf-8"), mode=0o600)
    except OSError as error:
        raise _unusable("written", path, error) from error


@contextmanager
def _locked() -> Iterator[None]:
    path = _path("lock")
    lock = FileLock(path, timeout=_LOCK_SECONDS, is_singleton=True)  # that a thread may take twice
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, Timeout) as error:
        raise _unusable("written", path, error) from error
    try:
        yield
    finally:
        lock.release()


def _unusable(done: str, path: Path, error: Exception) -> UnavailableError:
    reason = getattr(error, "strerror", None) or error
    return UnavailableError(
        f"CharLab cannot tell browsers apart: {path} cannot be {done} ({reason}). Set the environment variable "
        "CHARLAB_CACHE to a folder that the server may write to."
    )
