"""Python's cyclic garbage collector, on the window's thread only.

Left alone it runs on whichever thread allocates: also on the engine's. A widget of a class of ours that it finds there
is destroyed there, beside the window's thread, which may be painting it. That ends the process.
"""

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QTimer

_PAUSE_MS = 1000
_MIDDLE_EVERY, _FULL_EVERY = 10, 100  # passes: Python's own proportions


@contextmanager
def collected_here() -> Iterator[None]:
    """Until the end of the block no other thread collects; this one does while its event loop runs."""
    was_on = gc.isenabled()
    gc.disable()
    passes = _passes()
    timer = QTimer()
    timer.timeout.connect(lambda: next(passes))
    timer.start(_PAUSE_MS)
    try:
        yield
    finally:
        timer.stop()
        if was_on:
            gc.enable()


def _passes() -> Iterator[None]:
    """Each step is one pass."""
    gc.collect()
    gc.freeze()  # the program itself: to look through it takes longer than a key may wait for the screen
    for n_passes in itertools.count(1):
        yield
        gc.collect(2 if n_passes % _FULL_EVERY == 0 else 1 if n_passes % _MIDDLE_EVERY == 0 else 0)
