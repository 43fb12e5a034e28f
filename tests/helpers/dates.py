"""Small translators of dates with random weights, for tests of what every network must do."""

import numpy as np

from charlab.core.config import ModelConfig
from charlab.labs.dates import network
from charlab.labs.dates.network import VERSIONS, Translator

SMALL = ModelConfig(kind="lstm", units=6, embedding=4)
TEXTS = ["May 01, 2020", "September 17, 2009", "M", "July 14, 1789"]
ISOS = ["2020-05-01", "2009-09-17", "1000-10-10", "1789-07-14"]


def random_weights(version: network.Version, model=SMALL, seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    wanted = network.shapes(version, model).items()
    return {name: random.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32) for name, shape in wanted}


def translator(name: str, model=SMALL) -> Translator:
    return Translator(VERSIONS[name], model, random_weights(VERSIONS[name], model))
