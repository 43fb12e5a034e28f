"""Accelerators: the tf.distribute strategy for each name, which ones this machine has, and why not the others.

TensorFlow is imported inside the functions, so that a machine without it gets a sentence instead of a traceback.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from charlab.core.config import ACCELERATORS
from charlab.errors import ConfigError, UnavailableError
from charlab.runs import cluster, devices
from charlab.runs.accelerators import why_no_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

TITLES = {
    "auto": "The best this machine has",
    "cpu": "CPU",
    "gpu": "One GPU",
    "mirrored": "All GPUs of this machine, or its CPU split in two",
    "tpu": "TPU",
    "multi-worker": "Several machines (TF_CONFIG)",
}
_LOGICAL_CPUS = 2


def choose(name: str = "auto", row_groups: int = 1) -> tf.distribute.Strategy:
    """The strategy of that name, ready to train on: "auto" takes a TPU, else several GPUs, else one, else the CPU.

    On a CPU, `row_groups` parts of a batch are computed at the same time: each operation gets that share of the
    cores. Call it once per process and before TensorFlow is used: afterwards devices can no longer be divided or
    hidden, nor machines joined. Raises UnavailableError with the reason and what to do.
    """
    if name not in ACCELERATORS:
        raise ConfigError(f"accelerator must be one of {', '.join(ACCELERATORS)}. Received: {name!r}.")
    check(name)
    name = resolve(name)
    if name == "cpu":
        _divide_threads(row_groups)
    return _MAKERS[name]()


def resolve(name: str) -> str:
    """The accelerator that a name stands for: what "auto" takes on this machine, else the name itself."""
    return _best() if name == "auto" else name


def check(name: str) -> None:
    """Raises UnavailableError where this machine has no TensorFlow or not that accelerator; changes nothing."""
    if name == devices.NAME:
        raise UnavailableError(devices.ONLY_IN_A_BROWSER)
    check_tensorflow()
    if name != "auto" and (reason := _REASONS[name]()):
        raise UnavailableError(f"“{TITLES[name]}” cannot be used here: {reason}")


def survey() -> list[dict[str, object]]:
    """What this machine can train on: name, title, available, and the reason where it is not.

    Changes nothing: no device is divided or hidden, no machine joined. Raises UnavailableError without TensorFlow.
    """
    check_tensorflow()
    reasons = {"auto": "", **{name: reason() for name, reason in _REASONS.items()}}
    result = []
    for name in TITLES:
        title = f"{TITLES[name]}: {TITLES[_best()]}" if name == "auto" else TITLES[name]
        result.append({"name": name, "title": title, "available": not reasons[name], "reason": reasons[name]})
    return result


def is_multi_worker(strategy: tf.distribute.Strategy) -> bool:
    """Whether the strategy trains on several machines."""
    import tensorflow as tf

    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_cpu(strategy: tf.distribute.Strategy) -> bool:
    """Whether the strategy computes on the CPU alone."""
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU") and not isinstance(strategy, tf.distribute.TPUStrategy)


def _best() -> str:
    if not _why_no_tpu():
        return "tpu"
    gpus = len(_gpus())
    return "mirrored" if gpus > 1 else "gpu" if gpus else "cpu"


# Why an accelerator is not available: a sentence with what to do, or nothing


def _why_no_gpu() -> str:
    if _gpus():
        return ""
    import tensorflow as tf

    if not tf.test.is_built_with_gpu_support():
        return "this build of TensorFlow has no GPU support. On Linux: pip install 'tensorflow[and-cuda]'."
    return (
        "TensorFlow finds no GPU. Check that nvidia-smi shows one, and install TensorFlow with CUDA: "
        "pip install 'tensorflow[and-cuda]'."
    )


def _why_no_tpu() -> str:
    if importlib.util.find_spec("libtpu") is None and not _tpu_address():
        return (
            "no TPU library is installed. On a Cloud TPU machine: pip install tensorflow-tpu "
            "-f https://storage.googleapis.com/libtpu-tf-releases/index.html. Or choose another accelerator."
        )
    if not _tpu_address() and not any(Path("/dev").glob("accel*")) and not any(Path("/dev/vfio").glob("[0-9]*")):
        return "no TPU is attached to this machine, and TPU_NAME names none on the network."
    return ""


# Making them


def _cpu() -> tf.distribute.Strategy:
    """The default strategy with the GPUs hidden, so that no operation is placed on one."""
    import tensorflow as tf

    if not _gpus():
        return tf.distribute.get_strategy()
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:  # TensorFlow has started
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    return tf.distribute.get_strategy()


def _divide_threads(groups: int) -> None:
    import tensorflow as tf

    if groups > 1:
        with contextlib.suppress(RuntimeError):  # TensorFlow has started and cannot change this any more
            tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // groups))


def _gpu() -> tf.distribute.Strategy:
    import tensorflow as tf

    _share_memory()
    return tf.distribute.OneDeviceStrategy("/gpu:0")


def _mirrored() -> tf.distribute.Strategy:
    import tensorflow as tf

    if len(_gpus()) > 1:
        _share_memory()
        return tf.distribute.MirroredStrategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    halves = [tf.config.LogicalDeviceConfiguration() for _ in range(_LOGICAL_CPUS)]
    try:
        tf.config.set_logical_device_configuration(cpu, halves)
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:
        raise UnavailableError(
            "This machine does not have two GPUs, and the CPU can only be divided before TensorFlow has started "
            "in this process. Choose “mirrored” in a new process."
        ) from error
    return tf.distribute.MirroredStrategy([f"/cpu:{i}" for i in range(_LOGICAL_CPUS)])


def _tpu() -> tf.distribute.Strategy:
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=_tpu_address() or "local")
        if _tpu_address():
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        words = str(error).strip().splitlines()[0]
        raise UnavailableError(
            f"The TPU could not be started ({words}). Check that TPU_NAME is right and that no other process "
            "holds it."
        ) from error


def _multi_worker() -> tf.distribute.Strategy:
    import tensorflow as tf

    _share_memory()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise UnavailableError(
            "Several machines can only be joined before TensorFlow has started in this process. Choose "
            "“multi-worker” in a new process."
        ) from error


_REASONS: dict[str, Callable[[], str]] = {
    "cpu": lambda: "",
    "gpu": _why_no_gpu,
    "mirrored": lambda: "",
    "tpu": _why_no_tpu,
    "multi-worker": cluster.why_no_cluster,
}
_MAKERS: dict[str, Callable[[], tf.distribute.Strategy]] = {
    "cpu": _cpu,
    "gpu": _gpu,
    "mirrored": _mirrored,
    "tpu": _tpu,
    "multi-worker": _multi_worker,
}


def check_tensorflow() -> None:
    """Raises UnavailableError where TensorFlow is not installed."""
    if reason := why_no_tensorflow():
        raise UnavailableError(reason)


def import_tensorflow() -> None:
    """Import TensorFlow, Keras and what trains with them, which takes seconds; nothing is started yet. Raises
    UnavailableError where it is not installed."""
    check_tensorflow()
    from charlab.training import learner  # noqa: F401


def _gpus() -> list:
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _share_memory() -> None:
    """Take GPU memory as it is needed, so that several workers can share one GPU."""
    import tensorflow as tf

    for gpu in _gpus():
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # TensorFlow has started and cannot change this any more
            return


def _tpu_address() -> str:
    return os.environ.get("TPU_NAME") or os.environ.get("COLAB_TPU_ADDR") or ""
