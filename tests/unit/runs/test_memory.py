"""Free memory, from files as Linux has them: of the whole machine, and within the limits of a container."""

from pathlib import Path

import pytest

from charlab.runs import memory

GIB = 2**30


def machine(root: Path, available: int, groups: str = "") -> Path:
    """A root folder as the process sees it, in which so many bytes are available."""
    meminfo = f"MemTotal:       99999999 kB\nMemFree:            1000 kB\nMemAvailable:   {available // 1024} kB\n"
    for path, text in {"proc/meminfo": meminfo, "proc/self/cgroup": groups}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def group(folder: Path, *names: str, limit: object, used: int, cache: int = 0, total: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, (limit, used), strict=True):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{total}inactive_file {cache}\nfile 7\n")


V2, V1 = ("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")


def test_without_a_limit_it_is_what_the_system_has(tmp_path):
    root = machine(tmp_path, 8 * GIB, "0::/user.slice\n")
    assert memory.free_bytes(root) == 8 * GIB
    group(root / "sys/fs/cgroup/user.slice", *V2, limit="max", used=GIB)
    assert memory.free_bytes(root) == 8 * GIB


@pytest.mark.parametrize("place", ["", "school", "school/charlab"])
def test_every_limit_above_the_process_counts_and_its_cache_does_not(tmp_path, place):
    root = machine(tmp_path, 8 * GIB, "0::/school/charlab\n")
    group(root / "sys/fs/cgroup" / place, *V2, limit=4 * GIB, used=3 * GIB, cache=GIB)
    assert memory.free_bytes(root) == 2 * GIB
    group(root / "sys/fs/cgroup/another", *V2, limit=GIB, used=GIB)
    assert memory.free_bytes(root) == 2 * GIB


def test_the_first_version_of_cgroups_is_read_too(tmp_path):
    root = machine(tmp_path, 8 * GIB, "5:cpu,cpuacct:/a\n4:memory:/school\n0::/\n")
    group(root / "sys/fs/cgroup/memory/school", *V1, limit=2 * GIB, used=GIB, cache=GIB // 2, total="total_")
    assert memory.free_bytes(root) == 3 * GIB // 2
    group(root / "sys/fs/cgroup/memory", *V1, limit=2**63 - 4096, used=GIB, total="total_")  # which means none
    assert memory.free_bytes(root) == 3 * GIB // 2


def test_it_is_unknown_on_other_systems(tmp_path):
    assert memory.free_bytes(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 5 kB\n")
    assert memory.free_bytes(tmp_path) is None


def test_this_machine_is_read_without_an_error():
    free = memory.free_bytes()
    assert free is None or free > 0
