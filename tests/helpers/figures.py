"""Shared by tests of figures: events of a run, plain JSON, and the texts that are shown."""

import json

import plotly.graph_objects as go

from charlab.charts import loss

EVIL = "<b>bold</b> & <a href='http://e.x'>x</a>"
ALPHABET = [*"\n abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "\ufffd"]


def plain_json(figure):
    text = figure.to_json()
    assert "bdata" not in text and "NaN" not in text and "Infinity" not in text
    return json.loads(text)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in texts(item))


def loss_figure(*arguments, **more):
    """A loss chart as a figure, which checks that Plotly has every property in it."""
    return go.Figure(loss.loss_chart(*arguments, **more))


def loss_events(steps=300, start=4.0):
    falling = [
        {"event": "step", "step": i, "epoch": i / 100, "seconds": i / 10, "loss": start / i}
        for i in range(1, steps)
    ]
    checked = [
        {"event": "epoch", "epoch": 0, "step": 0, "seconds": 0.0, "val_loss": start},
        {"event": "epoch", "epoch": 1, "step": 100, "seconds": 9.0, "loss": 2, "val_loss": 1.5},
    ]
    return falling + checked
