"""The presets: named pairs of a model and a way to train it, each with its source.

A preset's name is data, and every setting of it can be changed before a start.
"""

from __future__ import annotations

from dataclasses import dataclass

from charlab.core.config import ModelConfig, TrainConfig
from charlab.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    """A named pair of a model and a way to train it."""

    name: str
    title: str
    summary: str  # what it is, in a few words
    about: str  # its source and its settings, one or two sentences
    model: ModelConfig
    train: TrainConfig


_CHAPTER16 = ModelConfig(
    kind="gru",
    layers=2,
    units=128,
    embedding=0,
    lower_case=True,
    input_dropout=0.2,
    output_dropout=0.0,
    recurrent_dropout=0.2,
)

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "quick-gru",
            "Quick GRU, 256 units",
            "Fast recurrent network: readable text in about a minute.",
            "CharLab's own recipe: a good model in one minute on two CPU cores. It reads 64 streams of the text "
            "in parallel, 32 characters per step, with a high learning rate that decays along a cosine, and with "
            "weight decay.",
            ModelConfig(kind="gru", units=256, embedding=256),
            TrainConfig(
                epochs=5, batch_size=64, sequence_length=32, batches="streams", state_resets=0.1,
                optimizer="adamw", learning_rate=0.012, learning_rate_schedule="cosine", warm_up_steps=100,
                beta_1=0.8, beta_2=0.99, weight_decay=0.1, clip_norm=1.0, embedding_range=0.2,
            ),
        ),
        Preset(
            "mini-gpt",
            "Mini GPT, 4 layers of 128 units",
            "Small Transformer: attention over the last 64 characters instead of a hidden state.",
            "A small GPT, the size of nanoGPT's configuration for CPUs. Its optimiser is Muon (Jordan et al., "
            "2024), which makes each step equally long in all directions.",
            ModelConfig(kind="transformer", layers=4, units=128, heads=4, context=64),
            TrainConfig(
                epochs=5, batch_size=16, sequence_length=64, batches="windows", optimizer="muon",
                learning_rate=0.01, learning_rate_schedule="cosine", warm_up_steps=100, beta_1=0.85, beta_2=0.99,
                weight_decay=0.1, clip_norm=1.0,
            ),
        ),
        Preset(
            "ngram",
            "N-gram, 5 characters",
            "Counts instead of a network, ready in seconds: the baseline that networks have to beat.",
            "Counts which character follows the last four, three, two ... characters of the text, and mixes the "
            "counts (Witten-Bell interpolation).",
            ModelConfig(kind="ngram", order=5),
            TrainConfig(epochs=1),
        ),
        Preset(
            "tutorial-gru",
            "TensorFlow tutorial, GRU of 1024 units",
            "The network of TensorFlow's tutorial on text generation.",
            "TensorFlow's tutorial “Text generation with an RNN”: embedding 256, one GRU of 1024 units, shuffled "
            "chunks of 100 characters, batches of 64, Adam at 0.001, 10 epochs.",
            ModelConfig(kind="gru", units=1024, embedding=256),
            TrainConfig(epochs=10, batch_size=64, sequence_length=100, batches="chunks", learning_rate=1e-3),
        ),
        Preset(
            "cloud-tpu-lstm",
            "Cloud TPU notebook, 2 LSTM layers of 512 units",
            "The network of Google's Cloud TPU notebook: hours on two CPU cores.",
            "Google's “Predict Shakespeare with Cloud TPUs and Keras”: code points as the alphabet, embedding "
            "512, two LSTM of 512 units, random windows of 100, a global batch of 1024, RMSprop at 0.01, "
            "10 epochs of 100 steps. Made for a TPU.",
            ModelConfig(kind="lstm", layers=2, units=512, embedding=512, alphabet="code-points"),
            TrainConfig(
                epochs=10, steps_per_epoch=100, batch_size=1024, sequence_length=100, batches="windows",
                optimizer="rmsprop", learning_rate=0.01,
            ),
        ),
        Preset(
            "chapter16-stateless",
            "Chapter 16, stateless char-RNN",
            "The network of chapter 16 without a carried state: about two hours per epoch on two CPU cores.",
            "The lecture on chapter 16 of Géron's book: lowercase only, one-hot input, two GRU layers of 128 "
            "units with dropout, every window of 100 characters, batches of 32.",
            _CHAPTER16,
            TrainConfig(epochs=10, batch_size=32, sequence_length=100, batches="chunks", shift=1),
        ),
        Preset(
            "chapter16-stateful",
            "Chapter 16, stateful char-RNN",
            "The network of chapter 16 with its hidden state carried from batch to batch.",
            "The same network as the stateless one, reading 32 streams of the text in parallel: the hidden state "
            "is carried from batch to batch and reset at each epoch.",
            _CHAPTER16,
            TrainConfig(epochs=50, batch_size=32, sequence_length=100, batches="streams"),
        ),
        Preset(
            "custom",
            "Custom",
            "Every setting is yours.",
            "Starts as a small GRU. Change it in the advanced settings.",
            ModelConfig(kind="gru", units=128, embedding=32),
            TrainConfig(epochs=3, batch_size=64, sequence_length=64, learning_rate=5e-3),
        ),
    )
}  # fmt: skip


def preset(name: str) -> Preset:
    """The preset with that name. Raises ConfigError with the available names."""
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}. Available presets: {', '.join(PRESETS)}.")
    return PRESETS[name]
