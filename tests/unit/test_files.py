import os
import time

import pytest

from charlab import files


def test_a_file_is_written_and_replaced_with_nothing_left_beside_it(tmp_path):
    path = tmp_path / "folder" / "file.bin"
    files.write_whole(path, b"first")
    files.write_whole(path, b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["file.bin"]


def test_a_full_disk_leaves_the_old_file_and_no_remains(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    files.write_whole(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file.bin"]


def test_a_file_that_a_reader_has_open_on_windows_is_tried_again(tmp_path, monkeypatch):
    path, tries = tmp_path / "file.bin", []
    replace = files.Path.replace

    def busy(self, target):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError
        return replace(self, target)

    monkeypatch.setattr(files.Path, "replace", busy)
    files.write_whole(path, b"data")
    assert path.read_bytes() == b"data" and len(tries) == 3


def test_a_file_is_read_again_after_every_change(tmp_path, monkeypatch):
    path, read = tmp_path / "file.txt", []

    def text_of(path):
        read.append(path)
        return path.read_text() if path.exists() else None

    once = files.ReadOnce(text_of, most=3)
    assert once(path) is None
    for number in range(200):  # of one length, faster than a clock ticks
        path.write_text(f"{number:03d}")
        assert once(path) == f"{number:03d}"
    monkeypatch.setattr(files, "_SETTLED_NS", 0)
    once(path)
    read.clear()
    assert [once(path) for _ in range(5)] == ["199"] * 5 and not read
    before = path.stat()
    time.sleep(0.02)
    path.write_text("200")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as copies of files do
    assert once(path) == "200"
    path.unlink()
    assert once(path) is None
    others = [tmp_path / str(number) for number in range(9)]
    for other in others:
        other.write_text(other.name)
    assert [once(other) for other in others] == [other.name for other in others]
    assert len(once._known) <= 3


def test_a_file_that_could_not_be_read_once_is_read_the_next_time(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    path.write_text("there")
    monkeypatch.setattr(files, "_SETTLED_NS", 0)
    once = files.ReadOnce(lambda path: path.read_text())

    def refused(path):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(files.Path, "read_text", refused)
        with pytest.raises(OSError, match="Too many"):
            once(path)
    assert once(path) == "there"
