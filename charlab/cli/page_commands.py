"""The command for pages that need no server: a site of models."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from charlab.browser import site as site_of_models


def site(options: argparse.Namespace) -> dict[str, Any]:
    """Write models as a site of plain files; returns the folder and the models."""
    names = site_of_models.write(Path(options.folder), options.models)
    print(
        f"{options.folder}: a site with {', '.join(names)}. Open index.html through a web server.", file=sys.stderr
    )
    return {"folder": options.folder, "models": names}
