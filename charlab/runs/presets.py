"""The presets: named pairs of a model and a way to train it, each with where it comes from.

Knows nothing of texts or files; a preset's name is data, and everything in it can be changed before a start.
"""

from __future__ import annotations

from dataclasses import dataclass

from charlab.core.config import ModelConfig, TrainConfig
from charlab.errors import ConfigError


@dataclass(frozen=True)
class Preset:
    name: str
    title: str
    about: str  # where it comes from and what it shows, one or two sentences
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
            "Our own recipe: a good model in one minute on two cores. It reads 64 places of the text at once and "
            "on from there, 32 characters a step, with a high learning rate that falls along a cosine, and what "
            "it learns must hold its own against a pull towards zero (weight decay).",
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
            "A small Transformer of the GPT kind, as large as nanoGPT's configuration for CPUs: it looks back "
            "over up to 64 characters with attention in place of a hidden state. It learns by Muon (Jordan et "
            "al., 2024), which makes each step equally long in all directions.",
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
            "Counts which character followed the last four, three, two ... in the text, and mixes the counts "
            "(Witten-Bell interpolation). No network, trained in seconds: what the networks have to beat.",
            ModelConfig(kind="ngram", order=5),
            TrainConfig(epochs=1),
        ),
        Preset(
            "tutorial-gru",
            "TensorFlow tutorial, GRU of 1024",
            "TensorFlow's tutorial “Text generation with an RNN”: embedding 256, one GRU of 1024 units, shuffled "
            "chunks of 100 characters, batches of 64, Adam at 0.001, 10 epochs.",
            ModelConfig(kind="gru", units=1024, embedding=256),
            TrainConfig(epochs=10, batch_size=64, sequence_length=100, batches="chunks", learning_rate=1e-3),
        ),
        Preset(
            "cloud-tpu-lstm",
            "Cloud TPU notebook, two LSTM of 512",
            "Google's “Predict Shakespeare with Cloud TPUs and Keras”: code points as the alphabet, embedding "
            "512, two LSTM of 512 units, random windows of 100, a global batch of 1024, RMSprop at 0.01, "
            "10 epochs of 100 steps. Made for a TPU; hours on two cores.",
            ModelConfig(kind="lstm", layers=2, units=512, embedding=512, alphabet="code-points"),
            TrainConfig(
                epochs=10, steps_per_epoch=100, batch_size=1024, sequence_length=100, batches="windows",
                optimizer="rmsprop", learning_rate=0.01,
            ),
        ),
        Preset(
            "chapter16-stateless",
            "Chapter 16, stateless char-RNN",
            "The lecture on chapter 16 of Géron's book: small letters only, one-hot input, two GRU of 128 units "
            "with dropout, every window of 100 characters there is, batches of 32. About two hours an epoch on "
            "two cores.",
            _CHAPTER16,
            TrainConfig(epochs=10, batch_size=32, sequence_length=100, batches="chunks", shift=1),
        ),
        Preset(
            "chapter16-stateful",
            "Chapter 16, stateful char-RNN",
            "The same network reading 32 places of the text at once and on from there: the hidden state is "
            "carried from batch to batch and reset at each epoch.",
            _CHAPTER16,
            TrainConfig(epochs=50, batch_size=32, sequence_length=100, batches="streams"),
        ),
        Preset(
            "custom",
            "Custom, everything open",
            "Starts as a small GRU; every setting is yours.",
            ModelConfig(kind="gru", units=128, embedding=32),
            TrainConfig(epochs=3, batch_size=64, sequence_length=64, learning_rate=5e-3),
        ),
    )
}  # fmt: skip


def preset(name: str) -> Preset:
    """The preset of that name. Raises ConfigError with the names there are."""
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}. There are: {', '.join(PRESETS)}.")
    return PRESETS[name]
