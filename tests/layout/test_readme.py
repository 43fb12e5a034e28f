"""The README's table names every package, and what the README links to exists."""

import re

from helpers.project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = README.split("## Packages", 1)[1].split("\n## ", 1)[0]


def test_the_table_has_a_line_for_every_package():
    named = re.findall(r"^\| `([^`]+)` \|", TABLE, re.MULTILINE)
    packages = {f"charlab/{path.parent.name}/" for path in ROOT.glob("charlab/*/__init__.py")}
    assert packages and packages - set(named) == set()
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert len(named) == len(set(named))


def test_what_the_readme_links_to_is_there():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    for target in targets:
        if "://" not in target:
            assert (ROOT / target).exists(), target
