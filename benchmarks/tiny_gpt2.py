"""A tiny GPT-2 with random weights, and what the library `transformers` computes with it: a file for tests.

    python benchmarks/tiny_gpt2.py tests/data/tiny_gpt2

needs the extra `bench`. It trains a byte-pair vocabulary on our own documentation, makes a network of GPT-2's form
with random weights, saves it as the library does, and stores the logits and the attention of one text and the
tokens of ten. The tests compare ours with them, and need neither PyTorch nor the library. The
documentation changes, and with it what a new run makes: all files are of one run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
MERGES = 200
TEXTS = ("docs/tour.md", "docs/figures.md", "docs/pitfalls.md")
TOKENS_READ = 40
SPLIT = [  # texts whose tokens are stored
    "",
    " ",
    "This royal throne of kings, this sceptred isle",
    "I'm sure they've said: it's 42, isn't it? THEY'LL see.",
    "Smile \U0001f600, family \U0001f468\u200d\U0001f469\u200d\U0001f467, flag \U0001f1e8\U0001f1ed",
    "\u8fd9\u662f\u4e00\u4e2a\u4e2d\u6587\u53e5\u5b50\u3002",
    "def f(x):\n\treturn {'a': [y ** 2 for y in range(10)]}  # no comment\n\n\n",
    "Zu\u0308rich, Z\u00fcrich, \u00c5ngstr\u00f6m, \u0130stanbul",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "  two spaces,   three,\ttab\r\n\x00\x7f\u00a0\ufffd and some _words_ of the text, e\u0301",
]


def main(folder: Path) -> None:
    """Write vocab.bpe, tokens.json, model.safetensors, config.json and reference.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    write_merges(folder / "vocab.bpe")
    write_tokens(folder / "vocab.bpe", folder / "tokens.json")
    write_network(folder)


def write_merges(path: Path) -> None:
    """A file of merges in the form of OpenAI's vocab.bpe: a line with the version, then a pair per line."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + MERGES, initial_alphabet=letters, show_progress=False)
    tokenizer.train([str(ROOT / name) for name in TEXTS], trainer)
    pairs = json.loads(tokenizer.to_str())["model"]["merges"]
    path.write_text("".join(["#version: 0.2\n", *(f"{' '.join(pair)}\n" for pair in pairs)]), encoding="utf-8")


def write_tokens(merges: Path, path: Path) -> None:
    """Texts and the ids of their tokens, as the library splits them with these merges."""
    from transformers import GPT2Tokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    pairs = [tuple(line.split(" ")) for line in merges.read_text(encoding="utf-8").splitlines()[1:]]
    names = [*bytes_to_unicode().values(), *map("".join, pairs), "<|endoftext|>"]
    tokenizer = GPT2Tokenizer(vocab={name: i for i, name in enumerate(names)}, merges=pairs)
    found = [{"text": text, "ids": tokenizer.encode(text)} for text in SPLIT]
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def write_network(folder: Path) -> None:
    """The weights, and the reference's answers for random ids."""
    import torch
    from safetensors.numpy import save_file
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    sizes = {"n_embd": 16, "n_head": 4, "n_layer": 2, "n_positions": 64, "vocab_size": 256 + MERGES + 1}
    ends = {"bos_token_id": 256 + MERGES, "eos_token_id": 256 + MERGES}
    (folder / "config.json").write_text(json.dumps(sizes, sort_keys=True) + "\n", encoding="utf-8")
    model = GPT2LMHeadModel(GPT2Config(**sizes, **ends, attn_implementation="eager"))
    model.train(False)  # without dropout
    with torch.no_grad():
        for weight in model.parameters():  # its own are too small and too even to tell a mistake
            weight += 0.3 * torch.randn_like(weight)
    weights = {name: array.numpy() for name, array in model.transformer.state_dict().items()}
    causal = np.tril(np.ones((1, 1, 64, 64), np.float32))  # the published file holds these masks, too
    masks = {f"h.{i}.attn.bias": causal for i in range(sizes["n_layer"])}
    save_file(weights | masks, folder / "model.safetensors", metadata={"format": "pt"})
    ids = torch.randint(0, sizes["vocab_size"], (1, TOKENS_READ))
    with torch.no_grad():
        found = model(ids, output_attentions=True)
    attention = {f"block_{i}/attention": layer[0].numpy() for i, layer in enumerate(found.attentions)}
    answers = {"ids": ids[0].numpy().astype(np.uint16), "logits": found.logits[0].numpy()} | attention
    save_file(answers, folder / "reference.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
