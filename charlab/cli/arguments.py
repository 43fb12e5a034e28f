"""The arguments of every command; those of settings come from their declarations in core/config.py."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from charlab.cli import commands, page_commands
from charlab.core.config import SETTINGS, SampleConfig, Setting, settings
from charlab.errors import ConfigError
from charlab.export import formats
from charlab.runs import shell_commands
from charlab.runs.typed_values import parse_number, parse_setting, parse_whole_number


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all commands: what it parses has the function of the chosen one as `command`. Made for a
    command line of these `words`, it knows the labs only where they are asked for: loading them takes a while."""
    program = "python -m charlab" if Path(sys.argv[0]).name == "__main__.py" else "charlab"
    result = argparse.ArgumentParser(prog=program, description="Train, evaluate, generate and explain.")
    subparsers = result.add_subparsers(required=True, metavar="command")
    _add_lists(subparsers)
    _add_training(subparsers)
    _add_use_of_models(subparsers)
    _add_files(subparsers)
    told = "train the network of a lab, or try a trained one"
    labs = subparsers.add_parser("lab", help=told, description=told)
    if not words or words[0] == "lab":
        _add_labs(labs)
    worker = subparsers.add_parser("work", help="train a queued run (started by the server)")
    worker.add_argument("run", help="the run's folder")
    worker.add_argument("--parent-pipe", action="store_true", help="pause when standard input closes")
    worker.set_defaults(command=commands.work, json=False)
    warm = subparsers.add_parser(
        "stand-ready", help="train queued runs one after the other (started by the server)"
    )
    warm.set_defaults(command=commands.stand_ready, json=False)
    writer = subparsers.add_parser("write", help="generate texts for the pages (started by the server)")
    writer.add_argument("--in-background", action="store_true", help="with a low priority")
    writer.set_defaults(command=commands.write, json=False)
    return result


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The options of a command line, by default this process's. Raises ConfigError for a text that is not Unicode;
    a path may be anything that the system allows."""
    words = [as_unicode(word) for word in (sys.argv[1:] if words is None else words)]
    options = parser(words).parse_args(words)
    for name in ("seed_text", "text", "set", "preset", "encoding"):
        value = getattr(options, name, None)
        for text in value if isinstance(value, list) else [value or ""]:
            if text != text.encode("utf-8", "replace").decode("utf-8"):
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(f"{option} must be a text in UTF-8. Received: {ascii(text)}.")
    return options


def as_unicode(word: str) -> str:
    """An argument whose bytes are UTF-8 as that, also where the locale has another encoding (C, POSIX)."""
    if not any("\udc80" <= character <= "\udcff" for character in word):
        return word
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeError:
        return word


def _add_lists(subparsers: Any) -> None:
    corpora = _command(subparsers, "corpora", commands.list_corpora, "list the texts")
    corpora.add_argument("--fetch", metavar="NAME", help="download this text first, where it is not here yet")
    for name, function, words in (
        ("presets", commands.list_presets, "list the presets: models and their training"),
        ("accelerators", commands.list_accelerators, "list the accelerators, and why some are unavailable"),
        ("models", commands.list_models, "list the built-in models and the runs"),
    ):
        _command(subparsers, name, function, words)


def _add_training(subparsers: Any) -> None:
    train = _command(subparsers, "train", commands.train, "train a model")
    train.add_argument("--corpus", required=True, help="a corpus's name, a text file, or an address (gs://...)")
    _add_reading(train)
    _add_remove_licence(train)
    train.add_argument("--preset", required=True, help="a preset's name: see `presets`")
    budget = train.add_mutually_exclusive_group()
    for name in ("epochs", "minutes"):
        _declared(budget, name, SETTINGS[name], default=None)
    for name in ("accelerator", "seed"):
        _declared(train, name, SETTINGS[name])
    train.add_argument("--name", default="", help="the run's name")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting, as listed below; a number may have a decimal comma",
    )
    train.formatter_class, train.epilog = argparse.RawDescriptionHelpFormatter, shell_commands.settings_help()

    resume = _command(subparsers, "resume", commands.resume, "resume a run that was paused, stopped or failed")
    resume.add_argument("run", help="the run's id")
    more = resume.add_mutually_exclusive_group()
    for name, words in (
        ("epochs", "epochs to add to a finished run"),
        ("minutes", "minutes to add to a finished run with a time budget"),
    ):
        _declared(more, name, SETTINGS[name], default=None, help=words)
    for request, words in (
        ("pause", "let a run write a checkpoint and end; `resume` continues it"),
        ("stop", "let a run evaluate and save its weights and end"),
    ):
        asking = _command(subparsers, request, commands.ask, words)
        asking.add_argument("run", help="the run's id")
        asking.add_argument("--wait", type=_seconds, default=60.0, help="seconds to wait for that")
        asking.set_defaults(request=request)


def _add_use_of_models(subparsers: Any) -> None:
    evaluate = _command(subparsers, "evaluate", commands.evaluate, "evaluate a model's loss on a text", model=True)
    evaluate.add_argument("--corpus", required=True, help="a corpus's name, a text file, or an address")
    _add_reading(evaluate)
    _add_remove_licence(evaluate)
    evaluate.add_argument(
        "--split", default="val", choices=("val", "train", "all"), help="the part of the text; default: val"
    )
    evaluate.add_argument("--window", type=_whole_number, default=256, help="characters; 0 reads one stream")

    generate = _command(subparsers, "generate", commands.generate, "generate text with a model", model=True)
    prompt = generate.add_mutually_exclusive_group()
    prompt.add_argument("--seed-text", help="the prompt; default: the model's own")
    prompt.add_argument("--seed-file", metavar="FILE", help="a file with the prompt; - for standard input")
    _add_reading(generate)
    for name, declared in settings(SampleConfig).items():
        if name != "temperatures":  # which the Playground compares
            _declared(generate, name, declared)

    explain = _command(
        subparsers, "explain", commands.explain, "show a model's predictions, step by step", model=True
    )
    text = explain.add_mutually_exclusive_group(required=True)
    text.add_argument("--text")
    text.add_argument("--text-file", metavar="FILE", help="a file with the text; - for standard input")
    _add_reading(explain)
    explain.add_argument("--top", type=_whole_number, default=10, help="most likely characters to list per step")


def _add_reading(command: argparse.ArgumentParser) -> None:
    """Add how a file's bytes become its text."""
    command.add_argument(
        "--encoding", help="of a text file, such as cp1251; default: Unicode, or the one that the file looks like"
    )
    command.add_argument(
        "--no-normalise", action="store_true", help="keep accents apart from letters where the text has them so"
    )


def _add_remove_licence(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--remove-licence", action="store_true", help="leave out the header and the licence of Project Gutenberg"
    )


def _add_files(subparsers: Any) -> None:
    export = _command(subparsers, "export", commands.export, "export a model for use elsewhere", model=True)
    export.add_argument("--format", required=True, choices=list(formats.FORMATS))
    export.add_argument("--to", required=True, help="a file, for savedmodel a folder, or an address (gs://...)")

    site = _command(subparsers, "site", page_commands.site, "write models as a site of plain files")
    site.add_argument("folder", help="where the files go; it is made where it is missing")
    site.add_argument(
        "models", nargs="*", help="built-in models' names, runs' ids or paths; default: all built-in"
    )

    import_ = _command(subparsers, "import", commands.import_model, "import a model file as a run")
    import_.add_argument("file", help="the model file: a path, or an address")


def _add_labs(command: argparse.ArgumentParser) -> None:
    from charlab.cli import lab_commands, sentiment_commands
    from charlab.labs import catalogue
    from charlab.labs.sentiment import vectors

    labs = command.add_subparsers(required=True, metavar="lab", dest="lab")
    for lab in catalogue.LABS.values():
        actions = labs.add_parser(lab.name, help=lab.title, description=lab.about).add_subparsers(
            required=True, metavar="action"
        )
        train = _command(actions, "train", lab_commands.train, "train its network")
        train.add_argument("--name", default="", help="the run's name")
        if lab.versions:
            words = f"which version of the network. Default: {lab.preset}."
            train.add_argument("--version", choices=list(lab.versions), default=lab.preset, help=words)
        for name in catalogue.SETTINGS:
            default = getattr(lab.train, name)
            told = SETTINGS[name].help if default is None else f"{SETTINGS[name].help} Default: {default}."
            _declared(train, name, SETTINGS[name], default=None, help=told)
        try_ = _command(actions, "try", lab_commands.TRY[lab.name], "let a trained network work on what is given")
        _add_what_is_tried(try_)
        if lab.name == "dates":
            width = "also by beam search of this width, 1 to 10; default: no"
            try_.add_argument("--beam", type=_whole_number, default=0, metavar="WIDTH", help=width)
            words = "measure predict per character against one compiled graph"
            _add_what_is_tried(_command(actions, "speeds", lab_commands.dates_speeds, words))
        if lab.name == "sentiment":
            sentiment_commands.add_choices(train)
            words = f"download pretrained word vectors: {vectors.ABOUT}"
            _command(actions, "vectors", sentiment_commands.download_vectors, words)
    _add_gpt2(labs)


def _add_what_is_tried(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="*", help="strings; default: some that teach something")
    command.add_argument("--run", default="", help="the id of one of its runs; default: the model that ships")
    command.add_argument("--weights", default="best", help='"best", "last" or "epoch-003"')


def _add_gpt2(labs: Any) -> None:
    from charlab.cli import gpt2_commands

    words = "generate and explain with the published weights of GPT-2 small"
    actions = labs.add_parser("gpt2", help="GPT-2", description=words).add_subparsers(
        required=True, metavar="action"
    )
    _command(actions, "download", gpt2_commands.download, "download its weights: 548 MB, licence: MIT")
    generate = _command(actions, "generate", gpt2_commands.generate, "continue a prompt")
    generate.add_argument("--seed-text", default=gpt2_commands.PROMPT, help="the prompt; default: %(default)s")
    for name, declared in settings(SampleConfig).items():
        if name != "temperatures":
            default = gpt2_commands.DEFAULTS.get(name, declared.default)
            told = declared.help.replace("Characters", "Tokens").replace("characters", "tokens")
            _declared(generate, name, declared, default=default, help=f"{told} Default: {default}.")
    explain = _command(actions, "explain", gpt2_commands.explain, "what is expected after each token of a text")
    explain.add_argument("--text", required=True)
    explain.add_argument("--top", type=_whole_number, default=10, help="most likely tokens to list per step")


def _command(
    subparsers: Any, name: str, function: Callable, words: str, model: bool = False
) -> argparse.ArgumentParser:
    """Add a command with --json; with `model` also the arguments that choose a model and its weights."""
    result = subparsers.add_parser(name, help=words, description=words)
    if model:
        result.add_argument("model", help="a built-in model's name, a run's id, or a path")
        result.add_argument("--weights", default="best", help='"best", "last" or "epoch-003"')
    result.add_argument(
        "--json", action="store_true", help="one JSON document on the last line of standard output"
    )
    result.set_defaults(command=function)
    return result


def _declared(container: argparse._ActionsContainer, name: str, declared: Setting, **more: Any) -> None:
    """Add an option for a setting, as its configuration declares it."""
    more = {"default": declared.default, "help": declared.help, "choices": declared.choices or None} | more
    container.add_argument(f"--{name.replace('_', '-')}", type=partial(_value, name, declared), **more)


def _value(name: str, declared: Setting, text: str) -> Any:
    """A setting's value, for argparse."""
    return _or_refused(parse_setting, name, text, declared)


def _whole_number(text: str) -> int:
    value = _or_refused(parse_whole_number, text, "this")
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more; received {value}")
    return value


def _seconds(text: str) -> float:
    return _or_refused(parse_number, text, "this")


def _or_refused(parse: Callable, *arguments: Any) -> Any:
    """What a parser returns; its ConfigError as argparse shows it."""
    try:
        return parse(*arguments)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
