"""Fetching what a catalogue entry names, and asking for the newest release. The only door to the network.

The network's library is loaded by whoever goes through it, and not by those that only build.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from writer.models.download.progress import DownloadProgress

if TYPE_CHECKING:
    from writer.models.download.hub import HubSettings, fetch_hub
    from writer.models.download.package import fetch_package
    from writer.models.download.releases import ask_newest

__all__ = ["DownloadProgress", "HubSettings", "ask_newest", "fetch_hub", "fetch_package"]

_HOMES = {"HubSettings": "hub", "fetch_hub": "hub", "fetch_package": "package", "ask_newest": "releases"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
