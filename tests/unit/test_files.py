import os

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
