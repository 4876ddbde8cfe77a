"""A plugin for pytest: what nbval has run is kept where the book's build looks for it.

    KEPT=FOLDER python -m pytest -p tests.keep_executed --nbval NOTEBOOK

Only notebooks of which every cell has passed are kept.
"""

import os
import time

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

START = time.perf_counter()


def pytest_sessionfinish(session, exitstatus):
    """Put the outputs of all cells into their notebooks, and these into the folder."""
    if exitstatus:
        return
    for item in session.items:
        item.cell.outputs = item.test_outputs
        item.cell.execution_count = item.cell_num + 1
    took = {"execution_seconds": time.perf_counter() - START}
    cache = get_cache(os.environ["KEPT"])
    for notebook in {item.parent for item in session.items}:
        cache.cache_notebook_bundle(
            CacheBundleIn(notebook.nb, str(notebook.path), data=took),
            check_validity=False,
            overwrite=True,
        )
