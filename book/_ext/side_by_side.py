"""Execute the notebooks two at a time, before Sphinx reads them one after another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
CORES = os.cpu_count() or 1
AT_A_TIME = min(CORES, 2)  # a chapter needs up to 1 GB of memory


def fill_cache(app: Sphinx, env: BuildEnvironment, docnames: Iterable[str]) -> None:
    """Execute the notebooks that are to be read and are not in MyST-NB's cache yet.

    A notebook that fails is not kept: MyST-NB runs it again when it comes to it, and reports it.
    """
    # The later chapters take longer: they come first, so that none is left alone at the end.
    paths = (Path(env.doc2path(docname)) for docname in sorted(docnames, reverse=True))
    notebooks = [path for path in paths if path.suffix == ".ipynb"]
    if app.config.nb_execution_mode == "cache" and notebooks:
        cache = get_cache(app.config.nb_execution_cache_path)
        os.environ.setdefault("OMP_NUM_THREADS", str(CORES // AT_A_TIME))
        asyncio.run(execute(notebooks, cache, app.config.nb_execution_timeout))


async def execute(paths: Iterable[Path], cache: JupyterCacheAbstract, timeout: int) -> None:
    """Execute the notebooks that the cache lacks, and keep them in it."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(path: Path) -> None:
        notebook = nbformat.read(path, 4)
        try:
            cache.match_cache_notebook(notebook)
            return
        except KeyError:
            pass
        async with gate:
            start = perf_counter()
            client = NotebookClient(
                notebook,
                timeout=timeout,
                record_timing=False,
                store_widget_state=False,  # pages show a movable figure's HTML
                extra_arguments=["--log-level=ERROR"],  # ipykernel warns of its transport
                resources={"metadata": {"path": str(path.parent)}},
            )
            try:
                await client.async_execute()
            except (CellExecutionError, CellTimeoutError, DeadKernelError):
                LOGGER.info("%s: fails, and is run again when its page is read", path.name)
                return
            seconds = perf_counter() - start
            cache.cache_notebook_bundle(
                CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds}),
                check_validity=False,
                overwrite=True,
            )
            LOGGER.info("%s: executed in %.0f s", path.name, seconds)

    await asyncio.gather(*map(one, paths))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    app.connect("env-before-read-docs", fill_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
