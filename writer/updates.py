"""Which of two versions is newer, and where a build may ask for the newest. Nothing here asks."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

FILE_NAME = "release.toml"

_VERSION = re.compile(
    r"v?(\d{1,6}(?:\.\d{1,6}){0,4})"  # the release
    r"(?:[-._]?(dev|alpha|a|beta|b|preview|pre|rc|c)[-._]?(\d{0,6}))?"
    r"(?:\+[0-9a-z]+(?:[-._][0-9a-z]+)*)?",  # which build it is
    re.ASCII | re.IGNORECASE,
)
_STAGES = {"dev": -4, "alpha": -3, "a": -3, "beta": -2, "b": -2, "preview": -1, "pre": -1, "rc": -1, "c": -1}


@dataclass(frozen=True, order=True)
class Version:
    """A version that can be compared: 0.2 is 0.2.0, and its pre-releases come before it.

    stage -- 0 for a release, below it for what comes before
    """

    release: tuple[int, ...]
    stage: int = 0
    number: int = 0  # of that stage

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Of "0.2.0", "v0.2.0" or "0.2.0rc1". Raises ValueError for anything else."""
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no version")
        numbers = [int(number) for number in match[1].split(".")]
        while len(numbers) > 1 and not numbers[-1]:
            numbers.pop()
        stage = _STAGES[match[2].lower()] if match[2] else 0
        return cls(tuple(numbers), stage, int(match[3] or 0))

    @property
    def is_release(self) -> bool:
        return self.stage == 0


def is_newer(version: str, than: str) -> bool:
    """Whether `version` came after `than`, which is a version. False for what is none."""
    try:
        return Version.parse(version) > Version.parse(than)
    except ValueError:
        return False


def is_update(version: str, present: str) -> bool:
    """Whether whoever runs `present` should hear of `version`. Pre-releases are for those who run one. Raises
    ValueError for what is no version."""
    new, old = Version.parse(version), Version.parse(present)
    return new > old and (new.is_release or not old.is_release)


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
