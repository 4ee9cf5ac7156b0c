"""Python overrides of Qt virtuals must not raise: PySide6 takes the process down when C++ called them."""

import functools
import sys
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")


def reported(fallback: Callable[[], R]) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Decorate an override: an exception goes to `sys.excepthook` and the caller in C++ gets `fallback()`."""

    def decorate(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
        @functools.wraps(method)
        def guarded(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return method(self, *args, **kwargs)
            except Exception:  # noqa: BLE001 - whatever it is, it must not reach C++
                sys.excepthook(*sys.exc_info())
                return fallback()

        return guarded

    return decorate


def nothing() -> None:
    """Fallback of overrides that return nothing."""
