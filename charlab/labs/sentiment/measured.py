"""What the networks of this lab reach: read where pages show it, and measured anew by
`python -m charlab.labs.sentiment.measure`, which trains each from several seeds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from statistics import mean

PATH = Path(__file__).resolve().parents[1] / "models" / "sentiment_measured.json"
COMMAND = "python -m charlab.labs.sentiment.measure"


@dataclass(frozen=True)
class Measured:
    """The accuracies of one network's best weights, 0 to 1, and the seconds of its training, by seed."""

    test: tuple[float, ...]
    training: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def mean_test(self) -> float:
        """The mean accuracy on the test set over the seeds."""
        return mean(self.test)

    @property
    def mean_training(self) -> float:
        """The mean accuracy on texts that it learned from."""
        return mean(self.training)


@lru_cache(maxsize=1)
def read() -> dict[str, Measured]:
    """What was measured, by the codes of forms."""
    found = json.loads(PATH.read_text(encoding="utf-8"))
    return {code: Measured(**{name: tuple(values) for name, values in one.items()}) for code, one in found.items()}


def write(measured: dict[str, Measured]) -> None:
    """Write what was measured."""
    document = {code: asdict(one) for code, one in measured.items()}
    PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
