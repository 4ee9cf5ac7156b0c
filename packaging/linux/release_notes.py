"""resources/CHANGELOG.md as Debian and software centres want it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

_HEADING = re.compile(r"## +\[?v?(?P<version>\d[\w.~+-]*?)\]?(?:\s*[-–—(,:]+\s*|\s+)(?P<date>\d{4}-\d\d-\d\d)\)?\s*$")
_ITEM = re.compile(r"[-*] +(?P<text>.+)")
_MARKS = re.compile(r"\*\*|`|\[([^]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Release:
    """items -- what is new, each a sentence or some, as plain text"""

    version: str
    date: datetime  # midnight, UTC
    items: tuple[str, ...]


def read(markdown: str) -> tuple[Release, ...]:
    """The releases in the order of the text, the newest first: `## 1.2.3 (2026-11-26)`, then lists.

    Raises ValueError where there is none, or one says nothing.
    """
    releases = []
    for part in re.split(r"^(?=## )", markdown, flags=re.MULTILINE):
        heading, _, body = part.partition("\n")
        if (found := _HEADING.match(heading)) is None:
            continue
        items = tuple(_items(body.splitlines()))
        if not items:
            raise ValueError(f"{heading!r} is followed by no list")
        date = datetime.strptime(found["date"], "%Y-%m-%d").replace(tzinfo=UTC)
        releases.append(Release(found["version"], date, items))
    if not releases:
        raise ValueError("the changelog has no heading with a version and a date")
    return tuple(releases)


def _items(lines: Iterable[str]) -> Iterator[str]:
    item = ""
    for line in [*lines, ""]:
        begins = _ITEM.match(line.strip())
        if item and (begins or not line.strip() or line.startswith("#")):
            yield _MARKS.sub(lambda mark: mark[1] or "", item)
            item = ""
        if begins:
            item = begins["text"]
        elif item:
            item += f" {line.strip()}"


def debian_changelog(releases: Iterable[Release], package: str, maintainer: str) -> str:
    """The text of changelog.gz."""
    return "\n".join(_debian_entry(release, package, maintainer) for release in releases)


def _debian_entry(release: Release, package: str, maintainer: str) -> str:
    items = "\n".join(_wrapped(item) for item in release.items)
    head = f"{package} ({release.version}) stable; urgency=medium"
    return f"{head}\n\n{items}\n\n -- {maintainer}  {format_datetime(release.date)}\n"


def _wrapped(item: str, width: int = 78) -> str:
    lines, line = [], "  *"
    for word in item.split():
        if len(line) + 1 + len(word) > width:
            lines.append(line)
            line = "   "
        line += f" {word}"
    return "\n".join([*lines, line])


def appstream_releases(releases: Iterable[Release]) -> str:
    """The elements below <releases>."""
    return "\n".join(_appstream_release(release) for release in releases)


def _appstream_release(release: Release) -> str:
    items = "\n".join(f"          <li>{escape(item)}</li>" for item in release.items)
    return (
        f'    <release version="{release.version}" date="{release.date:%Y-%m-%d}">\n'
        f"      <description>\n        <ul>\n{items}\n        </ul>\n      </description>\n    </release>"
    )
