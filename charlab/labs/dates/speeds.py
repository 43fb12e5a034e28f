"""Two ways to write dates with Keras, and how long each takes: `predict` per character, and one compiled graph.

Names in shape comments: N dates, T characters read, L characters written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.errors import ConfigError
from charlab.labs.dates import data, decoding
from charlab.labs.dates.data import OUTPUT_IDS, START, WRITTEN
from charlab.labs.dates.keras_network import DateNetwork
from charlab.labs.dates.network import Translator, Version
from charlab.labs.dates.speed_process import Speeds
from charlab.labs.dates.stock import stock_network
from charlab.training import keras_networks


def predict_per_character(stock: keras.Model, rows: np.ndarray) -> np.ndarray:
    """The lecture's way to write: `predict` on everything once per character: ids [N, T] -> ids [N, L]."""
    given = np.full((len(rows), WRITTEN), START, np.int32)
    written = np.zeros((len(rows), WRITTEN), np.int32)
    for position in range(WRITTEN):
        written[:, position] = stock.predict([rows, given], verbose=0)[:, position, 1:].argmax(-1) + 1
        given[:, 1:] = written[:, :-1]
    return written


def compiled_greedy(version: Version, model: ModelConfig, weights: dict[str, np.ndarray]) -> Callable:
    """All characters in one compiled graph: a function of ids [N, T] -> ids [N, L], compiled at its first call."""
    make = partial(DateNetwork, version)
    translator = keras_networks.build(model, OUTPUT_IDS, network_class=make)
    keras_networks.load_arrays(translator, weights)
    return tf.function(translator.greedy, autograph=False, jit_compile=True)


def compare_speeds(
    version: Version, model: ModelConfig, weights: dict[str, np.ndarray], texts: Sequence[str], times: int = 5
) -> Speeds:
    """Measure `predict` per character against one compiled graph, and against NumPy, on some dates, each so many
    times. Raises ConfigError for a repeated vector, which is not given what it has written: one `predict` writes
    all."""
    if version.repeats:
        raise ConfigError(f"“{version.title}” writes all characters at once. Compare another version.")
    rows = data.ids(texts)
    stock, graph = stock_network(version, model, weights), compiled_greedy(version, model, weights)
    in_numpy = Translator(version, model, weights)
    ways: tuple[tuple[Callable[[], np.ndarray], int], ...] = (
        (lambda: predict_per_character(stock, rows), times),
        (lambda: graph(tf.constant(rows)).numpy(), 10 * times),
        (lambda: decoding.write(in_numpy, rows).ids, 10 * times),
    )
    written = [way() for way, _ in ways]  # compiles
    predict, together, numpy = (_milliseconds(way, number) for way, number in ways)
    return Speeds(predict, together, numpy, all(bool((one == written[0]).all()) for one in written))


def _milliseconds(work: Callable[[], object], times: int) -> float:
    measured = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        measured.append(time.perf_counter() - began)
    return 1000 * float(np.median(measured))
