"""The changelog, which people read in the program and packages take their news from."""

import datetime
import re

from packaging.version import Version

from writer import __version__
from writer.paths import resources_dir

HEADING = re.compile(r"^## (?P<version>\S+) – (?P<date>\d{4}-\d\d-\d\d)$", re.MULTILINE)


def changelog() -> str:
    return (resources_dir() / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_newest_entry_is_this_version() -> None:
    assert HEADING.findall(changelog())[0][0] == __version__


def test_every_heading_can_be_read_by_a_machine_and_the_newest_comes_first() -> None:
    text = changelog()
    entries = HEADING.findall(text)
    assert len(entries) == len(re.findall(r"^## ", text, re.MULTILINE))
    versions = [Version(version) for version, _ in entries]
    dates = [datetime.date.fromisoformat(date) for _, date in entries]
    assert versions == sorted(set(versions), reverse=True)
    assert dates == sorted(dates, reverse=True)


def test_every_entry_says_something() -> None:
    _, *entries = HEADING.split(changelog())
    bodies = entries[2::3]
    assert all(re.search(r"^- \S", body, re.MULTILINE) for body in bodies)
