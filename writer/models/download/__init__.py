"""Fetching what a catalogue entry names, and asking for the newest release. The only door to the network."""

from writer.models.download.hub import HubSettings, fetch_hub
from writer.models.download.package import fetch_package
from writer.models.download.progress import DownloadProgress
from writer.models.download.releases import ask_newest

__all__ = ["DownloadProgress", "HubSettings", "ask_newest", "fetch_hub", "fetch_package"]
