"""The quality gate: what a number format costs a model, and what a graph needs on this machine."""

import ctypes
import gc
import os
import statistics
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from writer.engine.score import perplexity_of, token_logprobs
from writer.engine.session import ModelSession
from writer.engine.tokenizer import Tokenizer
from writer.models import reference
from writer.models.checkpoint import Checkpoint

GATE_TOKENS = 3072
GATE_WINDOW_TOKENS = 512
HALF_WINDOW_TOKENS = 256  # in half precision, which holds every past twice while it reads, and weights as float32
# Above this loss int8 rows do not suit the model's activations, and 8-bit blocks become its default.
ACCEPTED_INT8_LOSS = 0.05

_SPEED_STEPS = 24
_SPEED_PROMPT_TOKENS = HALF_WINDOW_TOKENS - _SPEED_STEPS  # with the steps, memory that measuring has taken already
_SPEED_CHUNK_TOKENS = 32  # shorter than reading is done in, to take less memory

Windows = NDArray[np.int64]
Steps = Generator[tuple[int, int], None, float]
"""Yields (done, total); returns a figure."""


def gate_windows(tokenizer: Tokenizer, text: str, n_ctx: int, n_tokens: int = GATE_WINDOW_TOKENS) -> Windows:
    """The first GATE_TOKENS tokens of `text` or a few more, cut into whole windows (W, T) that the model can hold, of
    `n_tokens` each at most."""
    width = min(n_tokens, n_ctx)
    n_needed = -(-GATE_TOKENS // width) * width
    token_ids = tokenizer.encode(text)[:n_needed]
    if len(token_ids) < n_needed:
        raise ValueError(f"the gate's text gives {len(token_ids)} tokens, not {n_needed}")
    return np.array(token_ids, np.int64).reshape(-1, width)


def reference_perplexity(checkpoint: Checkpoint, windows: Windows) -> Steps:
    """Perplexity in full precision, with memory for one layer."""
    n_windows = len(windows)
    total = checkpoint.config.n_layer + n_windows
    layers = reference.run_layers(checkpoint, windows)
    while True:
        try:
            event = next(layers)
        except StopIteration as end:
            hidden = end.value
            break
        if isinstance(event, reference.LayerDone):
            yield event.done, total
    scores = []
    for window in reference.token_logprobs(checkpoint, hidden, windows):
        scores.append(window)
        yield checkpoint.config.n_layer + len(scores), total
    return perplexity_of(scores)


def graph_perplexity(session: ModelSession, windows: Windows) -> Steps:
    """Perplexity of a loaded graph."""
    scores = []
    for window in windows:
        scores.append(token_logprobs(session, window.tolist()))
        yield len(scores), len(windows)
    return perplexity_of(scores)


def decode_speed(session: ModelSession) -> float:
    """Tokens per second in the middle of a text: the median of some steps."""
    n_prompt = min(_SPEED_PROMPT_TOKENS, session.config.n_ctx // 2)
    n_steps = min(_SPEED_STEPS, session.config.n_ctx - n_prompt)
    cache = session.new_cache(n_prompt + n_steps)
    # Timings do not depend on which tokens they are.
    prompt = [(i * 7919) % session.config.n_vocab for i in range(n_prompt)]
    for begin in range(0, n_prompt, _SPEED_CHUNK_TOKENS):
        session.extend(cache, prompt[begin : begin + _SPEED_CHUNK_TOKENS], n_rows=1)
    steps_s = []
    for token_id in range(n_steps):
        began = time.perf_counter()
        session.decode_step(cache, token_id)
        steps_s.append(time.perf_counter() - began)
    return 1 / statistics.median(steps_s)


@contextmanager
def large_blocks_apart() -> Iterator[None]:
    """For loading a model. glibc puts blocks of up to 32 MB side by side once a few have been freed, and what is freed
    between others stays with the process: of weights that ONNX Runtime turns into another form, as much again."""
    glibc = _glibc()
    if glibc is not None:
        glibc.mallopt(_M_MMAP_THRESHOLD, 1 << 20)
    try:
        yield
    finally:
        if glibc is not None:
            glibc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)


def give_back_memory() -> None:
    """What was freed, to the system: a model would be put there, and seem to need less than it does."""
    gc.collect()
    glibc = _glibc()
    if glibc is not None:
        glibc.malloc_trim(0)


def resident_bytes() -> int:
    """Memory this process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


_M_MMAP_THRESHOLD = -3  # malloc.h


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None
