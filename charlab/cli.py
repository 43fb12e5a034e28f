"""The command line: the same core as the pages, for use without a browser and for checks.

With --json one JSON document is the last line of standard output, which has nothing else.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charlab.core.config import SETTINGS, SampleConfig, Setting, settings
from charlab.corpora import catalogue, encoding
from charlab.errors import CharlabError, ConfigError
from charlab.export import formats, remote_files
from charlab.runs import control, models, plan, shell_commands, store
from charlab.runs.presets import PRESETS, preset
from charlab.training import process


def main(arguments: list[str] | None = None, started: float | None = None) -> int:
    """Run one command; 0 if it worked, 2 with a sentence on standard error if it could not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(arguments)
    options.started = started or time.time()
    try:
        document = options.command(options)
    except CharlabError as error:
        print(f"charlab: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    if getattr(options, "json", False):
        print(json.dumps(document, ensure_ascii=False))
    return 0


# Lists


def _corpora(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for corpus in [*catalogue.CORPORA.values(), *catalogue.stored()]:
        rows.append(dataclasses.asdict(corpus) | {"here": corpus.is_here()})
    return _table(options, rows, ("name", "characters", "here", "title"))


def _presets(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = [
        {
            "name": p.name,
            "title": p.title,
            "about": p.about,
            "model": p.model.to_json(),
            "train": p.train.to_json(),
        }
        for p in PRESETS.values()
    ]
    return _table(options, rows, ("name", "title", "about"))


def _accelerators(options: argparse.Namespace) -> list[dict[str, Any]]:
    process.let_pages_go_first()
    process.set_up_tensorflow()
    from charlab.training import strategies

    return _table(options, strategies.survey(), ("name", "available", "title", "reason"))


def _models(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = [dataclasses.asdict(info) | {"bits_per_character": info.bits} for info in models.available_models()]
    return _table(options, rows, ("name", "where", "kind", "corpus", "val_loss", "title"))


def _table(options: argparse.Namespace, rows: list[dict], columns: tuple[str, ...]) -> list[dict]:
    if not options.json:
        for row in rows:
            print("  ".join(str("" if row[column] is None else row[column]) for column in columns))
    return rows


# Training


def _train(options: argparse.Namespace) -> dict[str, Any]:
    chosen = preset(options.preset)
    settings: dict[str, Any] = {"accelerator": options.accelerator, "seed": options.seed}
    settings |= {key: getattr(options, key) for key in ("epochs", "minutes") if getattr(options, key) is not None}
    settings |= dict(_setting(text) for text in options.set)
    model, train = plan.change(chosen.model, chosen.train, settings)
    text = _text(options.corpus)
    if remote_files.is_address(options.corpus):  # kept, so that the run can be resumed and its text be read again
        catalogue.store(text)
        print(f"The text is stored on this machine as {text.name}.", file=sys.stderr)
    planned = plan.plan_run(text, chosen.name, model, train, name=options.name)
    process.set_up_tensorflow()
    from charlab.training import worker

    config = planned.config()
    run = worker.make(config, planned.text.known_vocab())
    for note in config.notes:
        print(note, file=sys.stderr)
    print(f"Run {run.id}", file=sys.stderr)
    return _show_end(run, worker.work(run, options.started, _show_event), options)


def _resume(options: argparse.Namespace) -> dict[str, Any]:
    process.set_up_tensorflow()
    from charlab.training import worker

    run = store.find(options.run)
    return _show_end(
        run, worker.resume(run, options.started, _show_event, options.epochs, options.minutes), options
    )


def _text(name: str, minimum: int = catalogue.MINIMUM_CHARACTERS) -> catalogue.Text:
    """Load the text of a corpus's name, of a file, or of an address for fsspec."""
    if not remote_files.is_address(name):
        return catalogue.load(name, minimum=minimum)
    data = remote_files.read(name)
    return catalogue.read_bytes(data, remote_files.without_query(name), limit=None, minimum=minimum)


def _export(options: argparse.Namespace) -> dict[str, Any]:
    process.set_up_tensorflow()
    run = models.find(options.model)
    formats.export(run, options.format, options.to, options.weights)
    print(f"{run.id} as {formats.FORMATS[options.format].title}: {options.to}", file=sys.stderr)
    return {"model": run.id, "format": options.format, "to": options.to}


def _import(options: argparse.Namespace) -> dict[str, Any]:
    run = formats.import_model(options.file)
    print(f"Run {run.id}", file=sys.stderr)
    config = run.config()
    return {"run": run.id, "name": config.name, "kind": config.model.kind}


def _show_end(run: store.Run, status: store.Status, options: argparse.Namespace) -> dict[str, Any]:
    """Print and return the results of a run that has ended; raises the reason of a failed one."""
    if status.state == "failed":
        raise CharlabError(f"Run {run.id} failed. {status.reason}")
    if not options.json:
        for key, value in status.results.items():
            print(f"{key}: {value}")
    return status.results


def _worker(options: argparse.Namespace) -> None:
    process.let_pages_go_first()
    process.set_up_tensorflow()
    from charlab.training import worker

    worker.serve(store.Run(options.run), options.started, options.parent_pipe)


def _ask(options: argparse.Namespace) -> dict[str, Any]:
    """Ask a run to pause or stop, and wait until it does."""
    run = store.find(options.run)
    ended = {"pause": "paused", "stop": "stopped"}[options.request]
    if run.status().state != ended:
        {"pause": control.pause, "stop": control.stop}[options.request](run)
    deadline = time.monotonic() + options.wait
    while (status := run.status()).state in store.ACTIVE:
        if time.monotonic() > deadline:
            raise CharlabError(
                f"Run {run.id} was asked to {options.request} and is still {status.state} after {options.wait:g} "
                "seconds. The request remains; use --wait to wait longer."
            )
        time.sleep(0.1)
    if not options.json:
        print(f"{run.id}: {status.state}. {status.reason}".strip())
    return {
        "run": run.id,
        "state": status.state,
        "reason": status.reason,
        "epoch": status.epoch,
        "step": status.step,
    }


def _show_event(event: dict[str, Any]) -> None:
    if event["event"] == "step" and sys.stderr.isatty():
        print(f"\repoch {event['epoch']:.2f}  loss {event['loss']:.4f}  ", end="", file=sys.stderr, flush=True)
    elif event["event"] == "epoch":
        loss = f"loss {event['loss']:.4f}  " if "loss" in event else ""
        print(
            f"\repoch {event['epoch']:g}  {loss}validation {event['val_loss']:.4f} nats  {event['seconds']:.0f} s",
            file=sys.stderr,
        )
    elif event["event"] == "note":
        print(event["text"], file=sys.stderr)


def _setting(text: str) -> tuple[str, Any]:
    """`key=value` -> the key and the value: a number, true, false, none, or a text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set takes key=value. Received: {text!r}.")
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return key, words[value.lower()]
    for number in (int, float):
        try:
            return key, number(value)
        except ValueError:
            continue
    return key, value


# Evaluating, generating, explaining


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    from charlab.core import reading

    model = models.load(options.model, options.weights)
    text = _text(options.corpus, minimum=2)
    ids = encoding.text_ids(text.text, model.vocab, model.config.model)
    if options.split == "val":
        ids = ids[encoding.split_at(len(ids), model.config.train.validation_share) :]
    result = reading.evaluate(model.predictor, model.vocab, ids, options.window)
    document = {
        "loss_nats": result.loss_nats,
        "bits_per_character": result.bits_per_character,
        "accuracy": result.accuracy,
        "characters": result.characters,
        "unknown": result.unknown,
    }
    if not options.json:
        print(
            f"{result.loss_nats:.4f} nats = {result.bits_per_character:.4f} bits per character, "
            f"{result.accuracy:.1%} accuracy, over "
            f"{result.characters:,} characters ({result.unknown:,} unknown ones left out)"
        )
    return document


def _generate(options: argparse.Namespace) -> dict[str, Any]:
    from charlab.core.generation import generate, texts

    model = models.load(options.model, options.weights)
    config = SampleConfig(
        length=options.length,
        samples=options.samples,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
    )
    seed_text = model.seed_text if options.seed_text is None else options.seed_text
    with process.blas_threads(model):
        start, steps = time.perf_counter(), []
        for step in generate(model.predictor, model.vocab, seed_text, config):
            steps.append(step)
            if not options.json and config.samples == 1:  # while it is generated
                print((seed_text if len(steps) == 1 else "") + model.vocab.decode(step.ids), end="", flush=True)
        seconds = time.perf_counter() - start
    samples = texts(steps, model.vocab)
    if not options.json:
        print()
        for number, sample in enumerate(samples if config.samples > 1 else [], start=1):
            print(f"--- sample {number} ---\n{seed_text}{sample}")
    return {
        "seed_text": seed_text,
        "samples": samples,
        "characters_per_second": config.samples * config.length / seconds,
    }


def _explain(options: argparse.Namespace) -> dict[str, Any]:
    from charlab.core import reading
    from charlab.explain.step_records import step_records

    model = models.load(options.model, options.weights)
    with process.blas_threads(model):
        result = reading.explain(model.predictor, model.vocab, options.text)
    steps = step_records(result, model.vocab, options.top)
    if not options.json:
        for step in steps:
            top = "  ".join(f"{c!r} {p:.3f}" for c, p in step["top"][:5])
            bits = "" if step["bits"] is None else f"{step['bits']:6.2f} bits"
            print(f"{step['position']:5d}  {step['character']!r:6}  next {step['next']!r:6} {bits:12}  {top}")
    mean = None if result.mean_bits != result.mean_bits else result.mean_bits
    return {"bits_per_character": mean, "steps": steps}


# Arguments


def _parser() -> argparse.ArgumentParser:
    program = "python -m charlab" if Path(sys.argv[0]).name == "__main__.py" else "charlab"
    parser = argparse.ArgumentParser(prog=program, description="Train, evaluate, generate and explain.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, command, words in (
        ("corpora", _corpora, "list the texts"),
        ("presets", _presets, "list the presets: models and their training"),
        ("accelerators", _accelerators, "list the accelerators, and why some are unavailable"),
        ("models", _models, "list the built-in models and the runs"),
    ):
        _command(commands, name, command, words)

    train = _command(commands, "train", _train, "train a model")
    train.add_argument("--corpus", required=True, help="a corpus's name, a text file, or an address (gs://...)")
    train.add_argument("--preset", required=True, help="a preset's name: see `presets`")
    budget = train.add_mutually_exclusive_group()
    for name in ("epochs", "minutes"):
        _declared(budget, name, SETTINGS[name], default=None)
    for name in ("accelerator", "seed"):
        _declared(train, name, SETTINGS[name])
    train.add_argument("--name", default="", help="the run's name")
    train.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, as listed below"
    )
    train.formatter_class, train.epilog = argparse.RawDescriptionHelpFormatter, shell_commands.settings_help()

    resume = _command(commands, "resume", _resume, "resume a run that was paused, stopped or failed")
    resume.add_argument("run", help="the run's id")
    more = resume.add_mutually_exclusive_group()
    more.add_argument("--epochs", type=int, help="epochs to add to a finished run")
    more.add_argument("--minutes", type=float, help="minutes to add to a finished run with a time budget")
    for request, words in (
        ("pause", "let a run write a checkpoint and end; `resume` continues it"),
        ("stop", "let a run evaluate and save its weights and end"),
    ):
        asking = _command(commands, request, _ask, words)
        asking.add_argument("run", help="the run's id")
        asking.add_argument("--wait", type=float, default=60.0, help="seconds to wait for that")
        asking.set_defaults(request=request)

    evaluate = _command(commands, "evaluate", _evaluate, "evaluate a model's loss on a text", model=True)
    evaluate.add_argument("--corpus", required=True, help="a corpus's name, a text file, or an address")
    evaluate.add_argument("--split", default="val", choices=("val", "all"))
    evaluate.add_argument("--window", type=_whole_number, default=256, help="characters; 0 reads one stream")

    generate = _command(commands, "generate", _generate, "generate text with a model", model=True)
    generate.add_argument("--seed-text", help="the prompt; default: the model's own")
    for name, declared in settings(SampleConfig).items():
        if name != "temperatures":  # which the Playground compares
            _declared(generate, name, declared)

    explain = _command(commands, "explain", _explain, "show a model's predictions, step by step", model=True)
    explain.add_argument("--text", required=True)
    explain.add_argument("--top", type=_whole_number, default=10, help="most likely characters to list per step")

    export = _command(commands, "export", _export, "export a model for use elsewhere", model=True)
    export.add_argument("--format", required=True, choices=list(formats.FORMATS))
    export.add_argument("--to", required=True, help="a file, for savedmodel a folder, or an address (gs://...)")

    bring = _command(commands, "import", _import, "import a model file as a run")
    bring.add_argument("file", help="the model file: a path, or an address")

    worker = commands.add_parser("work", help="train a queued run (started by the server)")
    worker.add_argument("run", help="the run's folder")
    worker.add_argument("--parent-pipe", action="store_true", help="pause when standard input closes")
    worker.set_defaults(command=_worker, json=False)
    return parser


def _command(commands, name: str, function: Callable, words: str, model: bool = False) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    if model:
        parser.add_argument("model", help="a built-in model's name, a run's id, or a path")
        parser.add_argument("--weights", default="best", help='"best", "last" or "epoch-003"')
    parser.add_argument(
        "--json", action="store_true", help="one JSON document on the last line of standard output"
    )
    parser.set_defaults(command=function)
    return parser


def _declared(parser: argparse._ActionsContainer, name: str, declared: Setting, **more: Any) -> None:
    """Add an option for a setting, as its configuration declares it."""
    more = {"default": declared.default, "help": declared.help, "choices": declared.choices or None} | more
    parser.add_argument(f"--{name.replace('_', '-')}", type=declared.value_type, **more)


def _whole_number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more; received {value}")
    return value
