"""Array work on all cores: many pieces side by side, each on one thread.

numpy's products would share one piece among threads that wait for each other without sleeping. On a machine that does
anything else meanwhile they take three times the processor time; so their library is told to use one thread here.
Pieces do not depend on how many there are at once, nor does what they give.
"""

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from writer.engine.threads import choose_threads


def side_by_side(work: Callable[[slice], object], n: int, step: int) -> None:
    """Call `work` with slices of at most `step` that make up range(n); each call writes to places of its own."""
    pieces = [slice(begin, min(begin + step, n)) for begin in range(0, n, step)]
    with one_thread_for_each_product() as is_so:
        for _ in _pool().map(work, pieces) if is_so and len(pieces) > 1 else map(work, pieces):
            pass  # what a piece raises comes up here


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(choose_threads().n_threads, "side-by-side")


@contextmanager
def one_thread_for_each_product() -> Iterator[bool]:
    """While it is entered, numpy's products take one thread each. Gives whether that could be arranged."""
    blas = _openblas()
    if blas is None:
        yield False
        return
    get, set_ = blas
    before = get()
    set_(1)
    try:
        yield True
    finally:
        set_(before)


@cache
def _openblas() -> tuple[Any, Any] | None:
    """Functions that tell and set the number of threads of the library that numpy's own packages carry."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            try:
                library = ctypes.CDLL(str(file))
                return library.scipy_openblas_get_num_threads64_, library.scipy_openblas_set_num_threads64_
            except (OSError, AttributeError):
                continue
    return None
