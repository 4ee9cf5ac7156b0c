"""Which of two versions is newer, and where a build may ask for the newest. Nothing here asks."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

FILE_NAME = "release.toml"

_LONGEST_CHARS = 60


def is_newer(version: str, than: str) -> bool:
    """Whether `version` came after `than`, which is a version. False for what is none."""
    try:
        return _parsed(version) > Version(than)
    except InvalidVersion:
        return False


def is_update(version: str, present: str) -> bool:
    """Whether whoever runs `present` should hear of `version`. Pre-releases are for those who run one. Raises
    InvalidVersion, a ValueError, for what is no version."""
    new, old = _parsed(version), Version(present)
    return new > old and (old.is_prerelease or not new.is_prerelease)


def _parsed(text: str) -> Version:
    """Of an answer from elsewhere. Raises InvalidVersion."""
    if len(text) > _LONGEST_CHARS or not text.isprintable():
        raise InvalidVersion("That is no version.")
    return Version(text)


def short(version: str) -> str:
    """As people say it: 0.2 for 0.2.0, and 0.2.1."""
    return version.removesuffix(".0") if version.count(".") == 2 else version


@dataclass(frozen=True)
class ReleasePlace:
    """releases_url -- answers with the newest release; page_url -- tells people about the releases"""

    releases_url: str
    page_url: str

    @property
    def host(self) -> str:
        """Who is asked."""
        return urlsplit(self.releases_url).hostname or ""


def release_place(resources: Path) -> ReleasePlace | None:
    """What `release.toml` names; None where it names nothing, as in a checkout, or nothing that can be asked safely."""
    try:
        values = tomllib.loads((resources / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    urls = values.get("releases_url"), values.get("page_url")
    return ReleasePlace(*urls) if all(map(_is_safe, urls)) else None  # type: ignore[arg-type]


def _is_safe(url: object) -> bool:
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
