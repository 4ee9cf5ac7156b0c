"""A release names where its builds may ask for newer ones; a checkout does not."""

from pathlib import Path

import pytest

from tests.packaging.script_modules import script
from writer.paths import resources_dir
from writer.updates import FILE_NAME, ReleasePlace, release_place

release = script("release_place")

ENVIRONMENT = {
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "somebody/writer",
}


def test_what_the_workflow_fills_in_is_what_the_program_reads(tmp_path: Path) -> None:
    text = release.named((resources_dir() / FILE_NAME).read_text(encoding="utf-8"), ENVIRONMENT)
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    assert release_place(tmp_path) == ReleasePlace(
        "https://api.github.com/repos/somebody/writer/releases/latest", "https://github.com/somebody/writer/releases"
    )
    with pytest.raises(ValueError, match="no empty releases_url"):
        release.named(text, ENVIRONMENT)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_place_that_is_not_known_is_an_error(name: str) -> None:
    text = (resources_dir() / FILE_NAME).read_text(encoding="utf-8")
    with pytest.raises(KeyError, match=name):
        release.named(text, {key: value for key, value in ENVIRONMENT.items() if key != name})


def test_every_program_that_a_release_builds_is_told_the_place() -> None:
    workflow = (resources_dir().parent / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    builds = workflow.count("\n      - run: make frozen\n") + workflow.count("packaging/frozen/freeze.py\n")
    assert builds >= 3
    assert workflow.count("packaging/release_place.py\n") == builds
