"""Fetching what a catalogue entry names. The only door to the network."""

from writer.models.download.hub import HubSettings, fetch_hub
from writer.models.download.package import fetch_package
from writer.models.download.progress import DownloadProgress

__all__ = ["DownloadProgress", "HubSettings", "fetch_hub", "fetch_package"]
