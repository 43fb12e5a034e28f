"""What each command does: it prints its result for people and returns it as the document of --json."""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

from charlab.browser import page
from charlab.cli import given_texts, loading
from charlab.core import generation, reading
from charlab.core.config import SETTINGS, SampleConfig
from charlab.core.vocab import Vocab
from charlab.corpora import batch_means, catalogue, coverage, decoding, licence, splits, uploads
from charlab.errors import CharlabError, ConfigError
from charlab.explain.step_records import in_line, step_records
from charlab.export import formats, remote_files
from charlab.runs import control, diagnosis, models, plan, store, writer
from charlab.runs.permissions import OPERATOR
from charlab.runs.presets import PRESETS, preset
from charlab.runs.typed_values import parse_setting
from charlab.training import process

# Lists


def list_corpora(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every text: its facts, and whether it is on this machine. With --fetch, one is downloaded first."""
    if options.fetch:
        catalogue.load(options.fetch, paths=False)
    rows = []
    for corpus in [*catalogue.CORPORA.values(), *catalogue.stored()]:
        rows.append(dataclasses.asdict(corpus) | {"here": corpus.is_here()})
    return _table(options, rows, ("name", "characters", "here", "title"))


def list_presets(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every preset: its titles, its model's settings and its training's."""
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


def list_accelerators(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every accelerator, whether this machine has it, and why not."""
    process.let_pages_go_first()
    process.set_up_tensorflow()
    from charlab.training import strategies

    return _table(options, strategies.survey(), ("name", "available", "title", "reason"))


def list_models(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every built-in model and every run that has weights, and a sentence on each run that cannot be read."""
    found, unreadable = models.survey()
    rows = [dataclasses.asdict(info) | {"bits_per_character": info.bits} for info in found]
    _table(options, rows, ("name", "where", "kind", "corpus", "val_loss", "title"))
    for sentence in unreadable:
        print(sentence, file=sys.stderr if options.json else sys.stdout)
    return rows


def _table(options: argparse.Namespace, rows: list[dict], columns: tuple[str, ...]) -> list[dict]:
    if not options.json:
        for row in rows:
            print("  ".join(str("" if row[column] is None else row[column]) for column in columns))
    return rows


# Training


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train a model in this process; returns its results."""
    chosen = preset(options.preset)
    settings: dict[str, Any] = {"accelerator": options.accelerator, "seed": options.seed}
    settings |= {key: getattr(options, key) for key in ("epochs", "minutes") if getattr(options, key) is not None}
    settings |= dict(key_and_value(text) for text in options.set)
    model, train = plan.change(chosen.model, chosen.train, settings)
    text = _text(options)
    # Kept where its name is not enough to resume the run or to read its text again in the same way
    is_kept = options.corpus != uploads.stored_name(text.sha256) and bool(
        text.reading or remote_files.is_address(options.corpus) or not catalogue.can_be_loaded_again(text)
    )
    if is_kept:
        text = dataclasses.replace(text, name=uploads.stored_name(text.sha256))
    planned = plan.plan_run(text, chosen.name, model, train, name=options.name)
    process.set_up_tensorflow()
    from charlab.training import worker

    config = planned.config()
    worker.check(config)
    if is_kept:
        print(f"The text is stored on this machine as {catalogue.store(text)}.", file=sys.stderr)
    run = worker.make(config, planned.text.known_vocab())
    for note in config.notes:
        print(note, file=sys.stderr)
    print(f"Run {run.id}", file=sys.stderr)
    return show_end(run, worker.work(run, options.started, show_event), options)


def resume(options: argparse.Namespace) -> dict[str, Any]:
    """Resume a run in this process, or train a finished one longer; returns its results."""
    process.set_up_tensorflow()
    from charlab.labs.trainers import TRAINERS
    from charlab.training import worker
    from charlab.training.learners import Learners

    run, learners = store.find(options.run), Learners(trainers=TRAINERS)
    status = worker.resume(run, options.started, show_event, options.epochs, options.minutes, learners)
    return show_end(run, status, options)


def _text(
    options: argparse.Namespace, minimum: int = uploads.MINIMUM_CHARACTERS, sha256: str = ""
) -> uploads.Text:
    """Load the text of a corpus's name, of a file, or of an address for fsspec.

    Where its encoding is a proposal, say so on standard error, with the first line as it reads; and where it has
    Project Gutenberg's licence, how to leave that out.
    """
    name, encoding = options.corpus, options.encoding
    wishes = {"normalise": not options.no_normalise, "remove_licence": options.remove_licence}
    if remote_files.is_address(name):
        data, filename = remote_files.read(name), remote_files.without_query(name)
        text = uploads.read_bytes(data, filename, None, minimum, encoding=encoding, **wishes)
    else:
        chosen = encoding or options.no_normalise or options.remove_licence
        sha256 = "" if chosen else sha256
        text = catalogue.load(name, minimum=minimum, encoding=encoding, sha256=sha256, **wishes)
    read_in = text.reading.get("encoding", "utf-8")
    if encoding is None and not read_in.startswith("utf-") and name != uploads.stored_name(text.sha256):
        print(
            f"{text.title} is not in Unicode; it was read as {decoding.shown(read_in)}, and begins "
            f"“{decoding.first_lines(text.text, 1, 60)}”. If that looks wrong, name another encoding: "
            "--encoding NAME.",
            file=sys.stderr,
        )
    if (frame := licence.find(text.text)) and name not in (*catalogue.CORPORA, uploads.stored_name(text.sha256)):
        _say(
            f"{text.title} contains the header and the licence of Project Gutenberg ({frame.characters:,} "
            "characters): --remove-licence leaves them out."
        )
    return text


def export(options: argparse.Namespace) -> dict[str, Any]:
    """Write a model in a format to a path or an address."""
    process.set_up_tensorflow()
    from charlab.labs import scripts, trainers

    run = models.find(options.model)
    write_keras = trainers.KERAS_FILES.get(run.config().task)
    formats.export(run, options.format, options.to, options.weights, write_keras, scripts.standalone, page.html)
    print(f"{run.id} as {formats.FORMATS[options.format].title}: {options.to}", file=sys.stderr)
    return {"model": run.id, "format": options.format, "to": options.to}


def import_model(options: argparse.Namespace) -> dict[str, Any]:
    """Import a model file as a run; returns its id, name and kind."""
    run = formats.import_model(options.file)
    print(f"Run {run.id}", file=sys.stderr)
    config = run.config()
    return {"run": run.id, "name": config.name, "kind": config.model.kind}


def show_end(run: store.Run, status: store.Status, options: argparse.Namespace) -> dict[str, Any]:
    """Print and return the results of a run that has ended; raises the reason of a failed one."""
    from charlab.training import worker

    if status.state == "failed":
        raise CharlabError(f"Run {run.id} failed. {status.reason}")
    options.exit_code = worker.exit_code(status)
    if not options.json:
        for key, value in status.results.items():
            print(f"{key}: {value}")
    config, events = run.config(), run.events()[0]
    corpus = catalogue.CORPORA.get(config.corpus)
    entropy = corpus.entropy_bits * diagnosis.NATS["bits"] if corpus and corpus.entropy_bits is not None else None
    said = diagnosis.diagnose(config, events, entropy, len(run.vocab().characters), state=status.state)
    for sentence in filter(None, [status.reason if status.state == "done" else "", *said]):
        print(sentence, file=sys.stderr)
    return status.results | {"notes": list(config.notes), "diagnosis": said}


def work(options: argparse.Namespace) -> None:
    """Train a queued run for a server, as the worker process that its queue starts."""
    process.let_pages_go_first()
    process.set_up_tensorflow()
    from charlab.labs.trainers import TRAINERS
    from charlab.training import worker
    from charlab.training.learners import Learners
    from charlab.training.parent import Parent

    parent = Parent() if options.parent_pipe else None
    worker.serve(store.Run(options.run), options.started, parent, Learners(trainers=TRAINERS))


def stand_ready(options: argparse.Namespace) -> None:
    """Train the runs that a server asks for, one after the other, as its warm worker process."""
    process.let_pages_go_first()
    process.set_up_tensorflow()
    from charlab.labs.trainers import TRAINERS
    from charlab.training import warm_worker

    warm_worker.stand_ready(TRAINERS)


def write(options: argparse.Namespace) -> None:
    """Generate and read texts for a server's pages, until it ends."""
    from charlab.labs import published

    if options.in_background:
        process.let_pages_go_first()
    writer.run(published.load)


def ask(options: argparse.Namespace) -> dict[str, Any]:
    """Ask a run to pause or stop, and wait until it does."""
    run = store.find(options.run)
    ended = {"pause": "paused", "stop": "stopped"}[options.request]
    if run.status().state != ended:
        {"pause": control.pause, "stop": control.stop}[options.request](run, OPERATOR)
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


def show_event(event: dict[str, Any]) -> None:
    if event["event"] == "step" and sys.stderr.isatty():
        _show_in_place(f"epoch {event['epoch']:.2f}  loss {event['loss']:.4f}")
    elif event["event"] == "epoch":
        loss = f"loss {event['loss']:.4f}  " if "loss" in event else ""
        print(
            f"\repoch {event['epoch']:g}  {loss}validation {event['val_loss']:.4f} nats  {event['seconds']:.0f} s",
            file=sys.stderr,
        )
    elif event["event"] == "note":
        print(event["text"], file=sys.stderr)
    elif event["event"] == "start_up" and sys.stderr.isatty():
        _show_in_place(f"{event['doing']} ...")


def _show_in_place(words: str) -> None:
    """Write over what was written in this line before."""
    print(f"\r{words:<30}", end="", file=sys.stderr, flush=True)


def key_and_value(text: str) -> tuple[str, Any]:
    """`key=value` -> the key and the value in the setting's type; a text where there is no such setting."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals:
        raise ConfigError(f"--set takes key=value. Received: {text!r}.")
    return key, parse_setting(key, value) if key in SETTINGS else value


# Evaluating, generating, explaining


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """A model's loss and accuracy on a text, or on its validation or training set."""
    model = loading.load(options)
    text = _text(options, minimum=2, sha256=model.config.corpus_sha256)
    for note in text.notes if text.reading and options.corpus != uploads.stored_name(text.sha256) else ():
        print(note, file=sys.stderr)
    its_own = text.sha256 == model.config.corpus_sha256  # it has the forms that the alphabet was made of
    read = text.text if its_own else _prompt(model, text.text, options)
    ids, found = coverage.read(read, model.vocab, model.config.model)
    _say(found.before_figures())
    if options.split != "all":
        division = splits.divide(ids, model.vocab, model.config.train)
        ids = division.validation if options.split == "val" else division.training
    result = reading.evaluate(model.predictor, model.vocab, ids, options.window)
    error = batch_means.standard_error_of(result.losses)
    in_bits = None if error is None else error / math.log(2)
    document = {
        "loss_nats": result.loss_nats,
        "bits_per_character": result.bits_per_character,
        "standard_error_nats": error,
        "standard_error_bits": in_bits,
        "accuracy": result.accuracy,
        "characters": result.characters,
        "unknown": result.unknown,
        "coverage": found.to_json(),
    }
    if not options.json:
        print(
            f"{_with_error(result.loss_nats, error)} nats = "
            f"{_with_error(result.bits_per_character, in_bits)} bits per character, "
            f"{result.accuracy:.1%} accuracy, over "
            f"{result.characters:,} characters ({result.unknown:,} unknown ones left out)"
        )
    return document


def _with_error(loss: float, error: float | None) -> str:
    """A loss with its standard error, where that is known: 2.3100 ± 0.0800."""
    return f"{loss:.4f}" if error is None else f"{loss:.4f} ± {error:.4f}"


def generate(options: argparse.Namespace) -> dict[str, Any]:
    """Generate text; a single sample is printed while it grows. Speed is in characters per second."""
    model = loading.load(options)
    config = SampleConfig(
        length=options.length,
        samples=options.samples,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
    )
    typed = given_texts.prompt(options)
    seed_text = model.seed_text if typed is None else _prompt(model, typed, options)
    found = coverage.of_prompt(seed_text, model.vocab)
    _say(found.sentence(text="the prompt"))
    with process.blas_threads(model):
        start = time.perf_counter()
        steps = generation.generate(model.predictor, model.vocab, seed_text, config)
        if not options.json and config.samples == 1:
            steps = _printed(steps, seed_text, model.vocab)
        samples = generation.texts(steps, model.vocab)
        seconds = time.perf_counter() - start
    if not options.json:
        print()
        for number, sample in enumerate(samples if config.samples > 1 else [], start=1):
            print(f"--- sample {number} ---\n{seed_text}{sample}")
    return {
        "seed_text": seed_text,
        "samples": samples,
        "characters_per_second": config.samples * config.length / seconds,
        "coverage": found.to_json(),
    }


def _prompt(model: models.Model, text: str, options: argparse.Namespace) -> str:
    """A text as the model reads it; what was changed in it is said on standard error."""
    read = text if options.no_normalise else model.read_prompt(text)
    if read != text:
        print(
            f"Accents of the text were put in the form that the model's alphabet has: {len(text):,} characters "
            f"became {len(read):,}. --no-normalise leaves them as they are.",
            file=sys.stderr,
        )
    return read


def _printed(steps: Iterator[generation.Step], seed_text: str, vocab: Vocab) -> Iterator[generation.Step]:
    """The steps of one sample, each printed as it is generated."""
    for step in steps:
        print((seed_text if step.position == 0 else "") + vocab.decode(step.ids), end="", flush=True)
        yield step


def explain(options: argparse.Namespace) -> dict[str, Any]:
    """A model's predictions for each character of a text, and the mean surprise in bits per character."""
    model = loading.load(options)
    typed = options.text if options.text is not None else given_texts.read(options.text_file, options.encoding)
    text = _prompt(model, typed, options)
    found = coverage.of_prompt(text, model.vocab)
    _say(found.before_figures())
    with process.blas_threads(model):
        result = reading.explain(model.predictor, model.vocab, text)
    steps = step_records(result, model.vocab, options.top)
    if not options.json:
        print("\n".join(map(in_line, steps)))
    mean = None if result.mean_bits != result.mean_bits else result.mean_bits
    return {"bits_per_character": mean, "steps": steps, "coverage": found.to_json()}


def _say(sentence: str) -> None:
    """Print a sentence, if there is one, on standard error."""
    if sentence:
        print(sentence, file=sys.stderr)
