"""Which of two versions is newer, and where a build may ask."""

import itertools
from pathlib import Path

import pytest
from packaging.version import InvalidVersion

from writer import __version__
from writer.paths import resources_dir
from writer.updates import FILE_NAME, ReleasePlace, is_newer, is_update, release_place, short

IN_ORDER = (
    "0.1.0.dev1",
    "0.1.0a1",
    "0.1.0-beta.2",
    "0.1.0rc1",
    "0.1.0rc10",
    "0.1",
    "0.1.1",
    "0.2.0.dev0",
    "v0.2.0-rc.1",
    "0.2.0",
    "0.9",
    "0.10.0",
    "1.0.0",
    "26.11",
)
OTHERS = ("", "v", "newest", "0.2.0\n", "0..2", "-1.0", "0.2.0 beta", "٠.٢", "9" * 61)


@pytest.mark.parametrize(("older", "newer"), [*itertools.combinations(IN_ORDER, 2)])
def test_versions_have_an_order(older: str, newer: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize("same", ["0.2", "0.2.0", "0.2.0.0", "v0.2", "V0.2.0"])
def test_one_version_has_many_spellings(same: str) -> None:
    assert not is_newer(same, "0.2")
    assert not is_newer("0.2", same)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_newer(text, "0.1.0")
    with pytest.raises(InvalidVersion):
        is_update(text, "0.1.0")


@pytest.mark.parametrize(
    ("version", "present", "tells"),
    [
        ("0.2.0", "0.1.0", True),
        ("0.1.0", "0.1.0", False),
        ("0.0.9", "0.1.0", False),
        ("0.2.0rc1", "0.1.0", False),
        ("0.2.0rc2", "0.2.0rc1", True),
        ("0.2.0", "0.2.0rc2", True),
        ("0.2.0rc2", "0.2.0", False),
    ],
)
def test_a_pre_release_is_told_to_those_who_run_one(version: str, present: str, tells: bool) -> None:
    assert is_update(version, present) is tells


def test_this_version_is_one() -> None:
    assert is_newer(__version__, "0.0.1")


def test_a_version_is_said_shortly() -> None:
    assert [short(v) for v in ("0.2.0", "0.2.1", "0.2", "0.2.0rc1", "1.0.0")] == [
        "0.2",
        "0.2.1",
        "0.2",
        "0.2.0rc1",
        "1.0",
    ]


def test_a_checkout_knows_no_place_to_ask() -> None:
    assert (resources_dir() / FILE_NAME).is_file()
    assert release_place(resources_dir()) is None


def test_a_release_knows_one(tmp_path: Path) -> None:
    place = ReleasePlace("https://api.example.org/latest", "https://example.org/releases")
    (tmp_path / FILE_NAME).write_text(f'releases_url = "{place.releases_url}"\npage_url = "{place.page_url}"\n')
    assert release_place(tmp_path) == place
    assert place.host == "api.example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "releases_url = ",
        "\0",
        'releases_url = "https://a.b/c"',
        'releases_url = "http://a.b/c"\npage_url = "https://a.b"',
        'releases_url = "https://a.b/c"\npage_url = "javascript:alert(1)"',
        'releases_url = "https://a.b/c"\npage_url = "https://user:password@a.b"',
        'releases_url = "https://"\npage_url = "https://a.b"',
        'releases_url = "https://a.b/c d"\npage_url = "https://a.b"',
        'releases_url = "https://a.b:port/"\npage_url = "https://a.b"',
        'releases_url = 3\npage_url = "https://a.b"',
    ],
)
def test_what_cannot_be_asked_safely_is_no_place(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert release_place(tmp_path) is None
