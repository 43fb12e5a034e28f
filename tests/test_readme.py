"""The README tells of every file, and of no other."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tree() -> set[str]:
    """The files that the README's tree names, as paths from the root."""
    block = README.split("## The files", 1)[1].split("```")[1]
    folders: list[str] = []
    named = set()
    for line in block.strip("\n").splitlines():
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        folders = folders[:depth]
        if name.endswith("/"):
            folders.append(name)
        else:
            named.add("".join(folders) + name)
    return named


def test_the_file_tree_has_a_line_for_every_module():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    tracked = {path for path in listed.stdout.splitlines() if path.endswith((".py", ".js", ".css"))}
    if not tracked:  # not a git checkout: what lies there will do
        tracked = {str(path.relative_to(ROOT).as_posix()) for path in ROOT.glob("[cpt]*/**/*.py")}
    named = tree()
    assert tracked - named == set()
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_what_the_readme_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
