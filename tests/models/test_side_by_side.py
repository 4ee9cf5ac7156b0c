"""Pieces side by side: all of them, whatever the number of threads, and none that fails unheard."""

import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from writer.models import side_by_side as module
from writer.models.side_by_side import one_thread_for_each_product, side_by_side


def test_every_piece_is_done_once() -> None:
    done = np.zeros(10, int)

    def count(piece: slice) -> None:
        assert piece.stop - piece.start <= 3
        done[piece] += 1

    side_by_side(count, 10, 3)
    assert done.tolist() == [1] * 10
    side_by_side(count, 0, 3)


def test_pieces_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(2, timeout=20)
    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(module, "_pool", lambda: pool)
        side_by_side(lambda _: meeting.wait(), 2, 1)


def test_a_piece_that_fails_is_heard_of() -> None:
    def fail(piece: slice) -> None:
        if piece.start == 2:
            raise MemoryError

    with pytest.raises(MemoryError):
        side_by_side(fail, 4, 1)


def test_products_have_their_threads_back_afterwards() -> None:
    blas = module._openblas()
    assert blas is not None, "numpy's own packages carry OpenBLAS"
    tell, _ = blas
    before = tell()
    with one_thread_for_each_product() as is_so, one_thread_for_each_product():
        assert is_so
        assert tell() == 1
    assert tell() == before


def test_another_library_of_products_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then pieces come one after the other, and the library may use its threads."""

    def is_missing(_: str) -> ctypes.CDLL:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", is_missing)
    module._openblas.cache_clear()
    try:
        threads = set()
        side_by_side(lambda _: threads.add(threading.get_ident()), 4, 1)
        assert threads == {threading.get_ident()}
    finally:
        module._openblas.cache_clear()
