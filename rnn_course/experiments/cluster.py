"""The trials of an experiment on a cluster: the workers of a Dask scheduler, on any machines.

The extra `cluster` of the package installs Dask. See https://distributed.dask.org.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from pathlib import Path

from rnn_course.devices import Device
from rnn_course.experiments.base import Experiment, Setting
from rnn_course.experiments.spreading import Outcome, checkpoint_of, clear, outcome, versions_for

TIMEOUT = 10  # seconds, for the scheduler to answer

_LOG = logging.getLogger(__name__)


def on_cluster(
    experiment: Experiment,
    todo: Iterable[Setting],
    scratch: Path | None = None,
    device: Device = None,
    scheduler: str = "",
) -> Generator[Outcome]:
    """As many trials at a time as the Dask scheduler at this address has workers.

    A trial whose worker died is run again elsewhere, until the scheduler's limit (Dask's setting
    distributed.scheduler.allowed-failures). Workers keep checkpoints on their own machines, in
    `scratch` or their cache folders. A trial cannot be called back from a worker: if this process
    ends, the trial goes on to its end, and the next run finds its checkpoint.

    Raises:
        ModuleNotFoundError: If Dask is not installed.
        ConnectionError: If the scheduler does not answer, or is lost later.
        ChildProcessError: If too many workers died of one trial.
        ValueError: If a worker has several threads, or other versions of the packages.
    """
    try:
        import distributed
    except ImportError as error:
        raise ModuleNotFoundError(
            'Trials on a cluster need Dask: pip install "rnn-course[cluster]"'
        ) from error
    try:
        client = distributed.Client(scheduler, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"scheduler: expected the address of a Dask scheduler, such as tcp://10.0.0.1:8786, "
            f"got {scheduler!r}, where none answered within {TIMEOUT} seconds ({error})"
        ) from error
    with client:
        if not client.nthreads():
            _LOG.info("No workers yet. To start one: dask worker %s --nthreads 1", scheduler)
        settings = list(todo)
        futures = client.map(
            _on_worker,
            settings,
            experiment=experiment,
            scratch=scratch,
            device=device,
            versions=versions_for(experiment),
            pure=False,  # two runs do not share a trial
        )
        setting_of = dict(zip(futures, settings, strict=True))
        try:
            for future in distributed.as_completed(futures, loop=client.loop):
                setting = setting_of[future]
                yield future.result()
                client.run(clear, experiment, setting, scratch, on_error="ignore")
        except distributed.KilledWorker as error:
            raise ChildProcessError(
                f"{error.allowed_failures + 1} workers that had the trial {dict(setting)} died; "
                "their logs say more. The same command resumes from here."
            ) from error
        except distributed.CancelledError as error:
            raise ConnectionError(
                f"The scheduler at {scheduler} was lost. The same command resumes from here."
            ) from error


def _on_worker(
    setting: Setting,
    experiment: Experiment,
    scratch: Path | None,
    device: Device,
    versions: dict[str, str],
) -> Outcome:
    """`outcome`, on a worker whose results are those of any other."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads > 1:  # of one process, with one generator of random numbers
        raise ValueError(
            f"worker {worker.address}: expected one thread, got {worker.state.nthreads}; start it "
            "with --nthreads 1"
        )
    there = versions_for(experiment)
    wrong = [
        f"{name} {there[name]}, not {version}"
        for name, version in versions.items()
        if there[name].partition("+")[0] != version.partition("+")[0]
    ]
    if wrong:
        raise ValueError(f"worker {worker.address}: has {'; '.join(wrong)}")
    checkpoint_of(experiment, setting, scratch).parent.mkdir(parents=True, exist_ok=True)
    return outcome(experiment, setting, scratch, device)
