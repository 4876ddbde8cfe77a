"""The file in which `fit` keeps a run, so that a stopped one can resume."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnn_course.devices import random_state, set_random_state
from rnn_course.training.checkpoints import copied, described, read, require_same, restore, write

RUN = "rnn_course run 1"


@dataclass
class RunFile:
    """The file of one training run: everything needed to resume as if nothing had happened.

    That is the weights (and the best ones so far), the optimiser's state, torch's random states,
    and the history, whose length is the position in the run.

    Attributes:
        settings: What determines the outcome; a file with other settings is refused.
    """

    path: str | os.PathLike[str]
    settings: dict[str, Any]
    model: nn.Module
    optimiser: torch.optim.Optimizer
    device: torch.device

    def exists(self) -> bool:
        """Is there a file to resume from?"""
        return os.path.exists(self.path)

    def save(self, history: dict[str, Any], best: dict[str, Tensor] | None, over: bool) -> None:
        """Write the present state of the run.

        Raises:
            CheckpointError: If the file cannot be written.
        """
        state: dict[str, Any] = {f"weights/{name}": t for name, t in copied(self.model).items()}
        state |= {f"best/{name}": t for name, t in (best or {}).items()}
        state |= {
            f"history/{name}": torch.tensor(value, dtype=torch.float64)
            if isinstance(value, list)
            else value
            for name, value in history.items()
        }
        for index, values in self.optimiser.state_dict()["state"].items():
            state |= {f"optimiser/{index}/{name}": value for name, value in values.items()}
        for device in (torch.device("cpu"), self.device):
            state[f"random/{device.type}"] = random_state(device)

        tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        facts = {
            "settings": self.settings,
            "device": self.device.type,
            "over": over,
            "rest": {name: value for name, value in state.items() if name not in tensors},
            "on_device": [name for name, tensor in tensors.items() if tensor.device.type != "cpu"],
            "torch": torch.__version__,
        }
        write(self.path, RUN, tensors, facts)

    def load(self) -> tuple[dict[str, Any], dict[str, Tensor] | None]:
        """Restore model, optimiser and random generators; return history and best weights.

        A run from a different kind of device resumes here with this device's own random numbers for
        dropout, and so does not end with the same bits.

        Raises:
            CheckpointError: If the file is damaged, of the wrong kind, or of a different run.
        """
        tensors, facts = read(self.path, RUN)
        require_same(
            self.path,
            f"of a different run (torch {facts['torch']})",
            facts["settings"],
            self.settings,
            "Ask for the same settings to resume that run, or choose another path "
            "(or delete the file) to start a new one.",
        )
        state = tensors | facts["rest"]
        parts: dict[str, dict[str, Any]] = {}
        for name, value in state.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value

        restore(self.model, parts["weights"], self.path)
        # Not load_state_dict: it would cast each value to its parameter's dtype, and some
        # optimisers keep theirs in another one.
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        for name, value in parts.get("optimiser", {}).items():
            index, _, key = name.partition("/")
            if isinstance(value, Tensor) and self._moves(key, f"optimiser/{name}", facts):
                value = value.to(self.device)
            self.optimiser.state[parameters[int(index)]][key] = value
        for device in (torch.device("cpu"), self.device):
            if device.type in parts["random"]:
                set_random_state(parts["random"][device.type], device)
        history = {
            name: value.tolist() if isinstance(value, Tensor) else value
            for name, value in parts["history"].items()
        }
        return history, parts.get("best")

    def _moves(self, key: str, name: str, facts: dict[str, Any]) -> bool:
        """Does this tensor of the optimiser's state belong on the device?

        It goes where it was when it was saved. A run from a different kind of device follows
        torch's own rule for loading: only the number of steps may stay on the CPU.
        """
        if facts["device"] == self.device.type:
            return name in facts["on_device"]
        group = self.optimiser.param_groups[0]
        return key != "step" or bool(group.get("capturable") or group.get("fused"))


def described_run(
    model: nn.Module, optimiser: torch.optim.Optimizer, **asked: Any
) -> dict[str, Any]:
    """Everything that determines a run's outcome, by name: settings, optimiser, model."""
    group = optimiser.param_groups[0]
    options = {f"optimiser.{name}": value for name, value in group.items() if name != "params"}
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    tensors = {f"model.{name}": value for name, value in described(model).items()}
    facts = {
        **asked,
        "optimiser": type(optimiser).__name__,
        **options,
        **tensors,
        "trained": trained,
    }
    return json.loads(json.dumps(facts, default=str))
