"""Browsers' names and the teacher's link: what is forged, cut or old counts as none; restarts change nothing."""

import os
import stat
import subprocess
import sys

import pytest

from charlab.corpora.downloads import cache_folder
from charlab.errors import UnavailableError
from charlab.runs import credentials, subprocesses

NAME = "0123456789abcdef"


def restart():
    credentials._known_secrets.clear()


def test_a_name_is_known_again_after_a_restart():
    cookie = credentials.signed(NAME)
    assert credentials.verified(cookie) == NAME
    restart()
    assert credentials.verified(cookie) == NAME
    other = credentials.new_name()
    assert credentials.verified(other) not in ("", NAME)


def test_what_this_server_has_not_signed_is_no_name():
    cookie, other = credentials.signed(NAME), credentials.signed(NAME[::-1])
    signature = cookie.partition(".")[2]
    for forged in (
        "",
        NAME,
        f"{NAME}.",
        cookie[:-1],
        cookie + "0",
        cookie.upper(),
        cookie[1:],
        f" {cookie}",
        f"{cookie}\n",
        f"{NAME[::-1]}.{signature}",  # the signature of another name
        f"{NAME}.{'0' * 64}",
        f"{NAME}.{signature}.{signature}",
        f"..{signature}",
        f"{NAME}.ä",
        f"ä.{signature}",
        f"{NAME}.{other.partition('.')[2]}",
        f"teacher.{signature}",
    ):
        assert credentials.verified(forged) == "", forged


def test_names_signed_with_an_earlier_secret_are_none():
    cookie = credentials.signed(NAME)
    (cache_folder() / "server" / "secret").unlink()
    restart()
    assert credentials.verified(cookie) == ""


def test_the_teachers_link_survives_a_restart_and_its_browsers_too():
    token = credentials.teacher_token()
    cookie = credentials.admit(token)
    restart()
    assert credentials.teacher_token() == token and credentials.is_teacher(cookie)
    second = credentials.admit(token)
    credentials.dismiss(cookie)
    restart()
    assert not credentials.is_teacher(cookie) and credentials.is_teacher(second)


def test_no_other_token_and_no_other_cookie_makes_a_teacher():
    cookie = credentials.admit(credentials.teacher_token())
    assert cookie
    for token in ("", "x", credentials.teacher_token()[:-1], credentials.teacher_token() + "A", "ä"):
        assert credentials.admit(token) is None
    stored = (cache_folder() / "server" / "teacher.json").read_text()
    assert cookie not in stored  # whoever reads the file later is not the teacher by that
    for forged in ("", cookie[:-1], cookie.upper(), "0" * 64, credentials.signed(NAME), "teacher"):
        assert not credentials.is_teacher(forged)


def test_deleting_the_file_takes_the_role_from_everyone_and_makes_a_new_link():
    token, cookie = credentials.teacher_token(), credentials.admit(credentials.teacher_token())
    (cache_folder() / "server" / "teacher.json").unlink()
    assert not credentials.is_teacher(cookie) and credentials.admit(token) is None
    assert credentials.teacher_token() != token


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_both_files_are_the_users_alone():
    credentials.new_name()
    credentials.admit(credentials.teacher_token())
    for name in ("secret", "teacher.json"):
        assert stat.S_IMODE((cache_folder() / "server" / name).stat().st_mode) == 0o600


def test_servers_that_start_at_the_same_time_have_one_secret():
    program = (
        f"from charlab.runs import credentials; print(credentials.signed({NAME!r}), credentials.teacher_token())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=subprocesses.environment())
        for _ in range(4)
    ]
    said = {process.communicate()[0] for process in started}
    assert len(said) == 1 and said.pop().startswith(NAME.encode())


@pytest.mark.parametrize("name", ["secret", "teacher.json"])
@pytest.mark.parametrize(
    "contents", [b"short", b"\xff\xfe", b"{}", b'{"token": "short", "browsers": []}', b"[" * 9999]
)
def test_a_damaged_file_is_named(name, contents):
    path = cache_folder() / "server" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(contents)
    with pytest.raises(UnavailableError, match=f"{name} (is damaged. Delete it|cannot be read)"):
        credentials.new_name() if name == "secret" else credentials.teacher_token()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "file"))
    for act in (credentials.new_name, credentials.teacher_token):
        with pytest.raises(UnavailableError, match="CharLab cannot tell browsers apart.*CHARLAB_CACHE"):
            act()
