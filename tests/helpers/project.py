"""Where the project is, for tests that read its files or start its programs."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def python_files(*folders: str) -> list[Path]:
    """Every Python file in these folders of the project, at any depth. Each folder must hold some."""
    found = [sorted((ROOT / folder).rglob("*.py")) for folder in folders]
    for folder, paths in zip(folders, found, strict=True):
        assert paths, f"There are no modules in {folder}/: this test looks in the wrong place."
    return sum(found, [])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
