"""The changelog for people as Debian and software centres want it."""

import xml.etree.ElementTree as ElementTree

import pytest

from tests.packaging.linux_files import build_deb, release_notes

NOTES = """# What's new

## 1.1.0 – 2027-03-04

Words before the lists are for people.

### Writing

- **Takes** are quicker, and `writer takes` lists them; see
  [the guide](guide.md) for <more> & better.
- A second item.

## [1.0.0] - 2027-01-02

* The first.
"""


def test_releases_are_read_with_dates_and_plain_items() -> None:
    newest, first = release_notes.read(NOTES)
    assert (newest.version, f"{newest.date:%Y-%m-%d}") == ("1.1.0", "2027-03-04")
    assert newest.items == (
        "Takes are quicker, and writer takes lists them; see the guide for <more> & better.",
        "A second item.",
    )
    assert (first.version, first.items) == ("1.0.0", ("The first.",))


@pytest.mark.parametrize("text", ["", "# What's new\n\n- An item.\n", "## 1.0.0 – 2027-01-02\n\nNo list.\n"])
def test_a_changelog_without_a_release_or_its_items_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"changelog|no list"):
        release_notes.read(text)


def test_the_debian_changelog_is_of_its_form() -> None:
    releases = release_notes.read(NOTES)
    text = release_notes.debian_changelog(releases, "writer-desktop", "Somebody <somebody@example.invalid>")
    first, second = text.split("\n\n -- ")[0], text.partition("\n\nwriter-desktop ")[2]
    assert first.startswith("writer-desktop (1.1.0) stable; urgency=medium\n\n  * Takes are")
    assert " -- Somebody <somebody@example.invalid>  Thu, 04 Mar 2027 00:00:00 +0000\n" in text
    assert second.startswith("(1.0.0) stable; urgency=medium")
    assert max(map(len, text.splitlines())) <= 80


def test_software_centres_get_what_is_new_escaped() -> None:
    text = release_notes.appstream_releases(release_notes.read(NOTES))
    releases = ElementTree.fromstring(f"<releases>{text}</releases>").findall("release")
    assert [(release.get("version"), release.get("date")) for release in releases] == [
        ("1.1.0", "2027-03-04"),
        ("1.0.0", "2027-01-02"),
    ]
    item = releases[0].findtext("description/ul/li")
    assert item is not None
    assert item.endswith("for <more> & better.")


def test_the_shipped_changelog_gives_whole_sentences() -> None:
    for release in build_deb.releases():
        for item in release.items:
            assert item[0].isupper()
            assert item[-1] in ".!?)"
            assert "**" not in item
