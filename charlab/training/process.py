"""What a process sets before its work: its priority, TensorFlow's environment variables, threads of BLAS."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from charlab.core import matmul, predictor
from charlab.runs.models import Model


def let_pages_go_first() -> None:
    """Lower this process's priority, so that a server on the same machine stays fast. (Not on Windows.)"""
    if hasattr(os, "nice"):
        os.nice(10)


def set_up_tensorflow() -> None:
    """Set TensorFlow's environment variables, before it is imported: its start-up notices stay out of the log, and
    oneDNN, which it takes by itself on some CPUs only, multiplies matrices on all."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def blas_threads(model: Model) -> AbstractContextManager:
    """As many threads for NumPy's matrix products as suit the model, until the returned context ends."""
    from threadpoolctl import threadpool_limits

    largest = predictor.largest_kernel(model.config.model, model.predictor.vocabulary_size)
    return threadpool_limits(matmul.blas_threads(largest), user_api="blas")
