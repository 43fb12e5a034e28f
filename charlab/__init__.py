"""CharLab: see a character-level language model learn, write and predict.

The names below are what a program or a Python prompt needs of it; docs/tour.md tries them out. Each is imported
when it is first used, so that `import charlab` itself loads nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # type checkers take it for typing's, which would have to be imported
if TYPE_CHECKING:
    from charlab.core.config import ModelConfig, SampleConfig, TrainConfig
    from charlab.core.generation import generate, texts
    from charlab.core.predictor import Predictor, build_predictor
    from charlab.core.reading import evaluate
    from charlab.core.reading import explain as explain_text
    from charlab.core.vocab import Vocab
    from charlab.errors import CharlabError
    from charlab.runs.models import available_models
    from charlab.runs.models import load as load_model

__all__ = [
    "CharlabError", "ModelConfig", "Predictor", "SampleConfig", "TrainConfig", "Vocab", "__version__",
    "available_models", "build_predictor", "evaluate", "explain_text", "generate", "load_model", "texts",
]  # fmt: skip

_WHERE = {
    "CharlabError": "errors.CharlabError",
    "ModelConfig": "core.config.ModelConfig",
    "Predictor": "core.predictor.Predictor",
    "SampleConfig": "core.config.SampleConfig",
    "TrainConfig": "core.config.TrainConfig",
    "Vocab": "core.vocab.Vocab",
    "available_models": "runs.models.available_models",
    "build_predictor": "core.predictor.build_predictor",
    "evaluate": "core.reading.evaluate",
    "explain_text": "core.reading.explain",  # `charlab.explain` is a package
    "generate": "core.generation.generate",
    "load_model": "runs.models.load",
    "texts": "core.generation.texts",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _WHERE[name].rsplit(".", 1)
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
