"""Reading tokens with a session, for every test that compares what it makes of them."""

from collections.abc import Generator
from typing import Any

import numpy as np

from writer.engine.events import PrefillProgress
from writer.engine.session import ModelSession


def prefill(session: ModelSession, cache: Any, token_ids: list[int]) -> np.ndarray:
    """The logits after the last token."""
    return read(session.prefill(cache, token_ids))


def read(reading: Generator[PrefillProgress, None, np.ndarray]) -> np.ndarray:
    """What it returns."""
    while True:
        try:
            next(reading)
        except StopIteration as stop:
            return stop.value.copy()


def tokens(n: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(0, 50000, n).tolist()
