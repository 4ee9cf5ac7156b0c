"""Whether there is a pip to fetch packages with."""

import importlib.util
import sys


def has_pip() -> bool:
    """A packaged Writer is its own interpreter: starting it "with pip" would start Writer again."""
    return not is_packaged() and bool(sys.executable) and importlib.util.find_spec("pip") is not None


def is_packaged() -> bool:
    return bool(getattr(sys, "frozen", False))
