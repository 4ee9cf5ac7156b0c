"""Fetching files of a repository on the Hugging Face hub."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from writer.models.catalog import HubSource
from writer.models.download.progress import DownloadProgress


@dataclass(frozen=True)
class HubSettings:
    """How the hub is reached: read from the environment by a front end and passed down."""

    endpoint: str = "https://huggingface.co"
    token: str = ""
    is_offline: bool = False
    cache: Path | None = None  # the Hugging Face cache, searched before anything is fetched

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        endpoint = environ.get("HF_ENDPOINT") or cls.endpoint
        return cls(endpoint.rstrip("/"), environ.get("HF_TOKEN", ""))


def fetch_hub(source: HubSource, folder: Path, settings: HubSettings) -> Iterator[DownloadProgress]:
    raise NotImplementedError
