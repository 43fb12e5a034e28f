"""A device in Python: it speaks to a server's routes as a browser does that trains, and sends real weights.

It does not learn: the weights move from the first ones at random, a little with each step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from safetensors.numpy import load, save

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import batching

Ask = Callable[[str, str, dict[str, str], bytes], Any]  # method, path, headers, body -> an answer


@dataclass
class FakeDevice:
    """One run on one device. `ask` makes a request of the server with the browser's cookie."""

    ask: Ask
    run: str
    secret: str
    number: int = 0
    step: int = 0
    seconds: float = 0.0
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    last: Any = None  # the latest answer

    def begin(self) -> dict[str, Any]:
        """Fetch all that training needs; returns the job."""
        self.job = self.fetch("job").json()
        self.model, self.train = ModelConfig.from_json(self.job["model"]), TrainConfig.from_json(self.job["train"])
        ids = self.fetch("ids")
        width = int(ids.headers["charlab-bytes"])
        self.ids = np.frombuffer(ids.body, f"<u{width}")
        self.weights = load(self.fetch("weights").body)
        self.step, self.seconds = self.job["place"]["step"], self.job["place"]["seconds"]
        self.steps_per_epoch = len(batching.offsets(self.train, len(self.ids), 0))
        self._towards = np.random.default_rng(crc32(self.run.encode()))
        return self.job

    def fetch(self, what: str) -> Any:
        """What the server gives."""
        self.last = self.ask("GET", f"/device/{self.run}/{what}", self.headers(), b"")
        return self.last

    def headers(self) -> dict[str, str]:
        return {"Charlab-Secret": self.secret}

    def place(self) -> dict[str, Any]:
        epoch = round(self.step / self.steps_per_epoch, 4)
        return {"step": self.step, "seconds": self.seconds, "epoch": epoch}

    def event(self) -> dict[str, Any]:
        """The event of the step that it is at."""
        figures = {"loss": 3.0 / (1 + self.step), "accuracy": 0.5, "learning_rate": 0.01}
        return {"event": "step"} | self.place() | figures | {"characters_per_second": 12_345}

    def take_steps(self, number: int = 1, seconds: float = 1.0) -> None:
        """Change the weights a little."""
        self.step += number
        self.seconds = round(self.seconds + seconds, 3)
        for name, array in self.weights.items():
            self.weights[name] = (array + self._towards.normal(0, 0.01, array.shape)).astype(np.float32)

    def message(self, with_weights: bool = False, **more: Any) -> tuple[dict[str, Any], bytes]:
        """The next message: what its line says, and the weights behind it."""
        place = {"place": self.place()} if with_weights else {}
        return {"number": self.number + 1} | place | more, save(self.weights) if with_weights else b""

    def send(self, said: dict[str, Any], weights: bytes = b"") -> Any:
        """Post a message; returns the answer."""
        body = json.dumps(said).encode() + (b"\n" + weights if weights else b"")
        return self.post(body)

    def post(self, body: bytes, **headers: str) -> Any:
        self.last = self.ask("POST", f"/device/{self.run}/progress", self.headers() | headers, body)
        if self.last.status_code == 200:
            self.number = self.last.json()["number"]
        return self.last

    def report(self, with_weights: bool = False, **more: Any) -> Any:
        """Send the event of this step, with weights where wanted; returns the answer."""
        events = [self.event()] if self.step else []
        return self.send(*self.message(with_weights, **{"events": events} | more))

    def end(self, state: str) -> Any:
        """Send the last message."""
        return self.send(*self.message(True, ended={"state": state, "problem": ""}))
