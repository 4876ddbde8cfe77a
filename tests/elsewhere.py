"""What happens in another process, and a training that is interrupted."""

from __future__ import annotations

import os
import subprocess
import sys


def printed_elsewhere(script, hash_seed):
    """What a script prints in a process of its own, with another hash seed and locale."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "LANG": "tr_TR"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def stopping(loss, at):
    """A loss that is interrupted in its training step number `at` (None: never)."""
    seen = 0

    def counted(model, batch):
        nonlocal seen
        seen += model.training
        if seen == at:
            raise InterruptedError
        return loss(model, batch)

    return counted
