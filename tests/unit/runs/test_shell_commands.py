import shlex

from charlab.runs import plan, shell_commands
from charlab.runs.presets import preset


def test_a_command_line_trains_the_same_run():
    from charlab.cli.arguments import parser
    from charlab.cli.commands import key_and_value
    from charlab.corpora import catalogue

    text = catalogue.load("coin-flips")
    chosen = preset("custom")
    model, train = plan.change(
        chosen.model, chosen.train, {"units": 7, "minutes": 2.5, "seed": 3, "clip_norm": 1.0}
    )
    config = plan.plan_run(text, "custom", model, train).config()
    options = parser().parse_args(shlex.split(shell_commands.training_command(config))[3:])
    settings = {"minutes": options.minutes, "seed": options.seed} | dict(map(key_and_value, options.set))
    again = plan.plan_run(text, options.preset, *plan.change(chosen.model, chosen.train, settings))
    assert (again.model, again.train) == (config.model, config.train)
