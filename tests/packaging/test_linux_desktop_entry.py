"""The menu entry, and what software centres show."""

import configparser
import xml.etree.ElementTree as ElementTree

import pytest

import writer
from tests.packaging.linux_files import LINUX, build_deb

_TEXT_TYPES = {"text/plain", "text/markdown"}


@pytest.fixture(scope="module")
def entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(LINUX / "writer-desktop.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


@pytest.fixture(scope="module")
def component() -> ElementTree.Element:
    return ElementTree.fromstring(build_deb.metainfo())


def text(component: ElementTree.Element, path: str) -> str:
    found = component.find(path)
    assert found is not None
    return "".join(found.itertext()).strip()


def test_the_entry_starts_the_program_on_one_file(entry: configparser.SectionProxy) -> None:
    assert (entry["Type"], entry["Exec"], entry["TryExec"], entry["Terminal"]) == (
        "Application",
        "writer %f",
        "writer",
        "false",
    )
    assert entry["Icon"] == build_deb.PACKAGE


def test_the_entry_offers_text_and_markdown(entry: configparser.SectionProxy) -> None:
    assert set(entry["MimeType"].strip(";").split(";")) == _TEXT_TYPES


def test_every_list_of_the_entry_ends_as_the_standard_wants(entry: configparser.SectionProxy) -> None:
    for name in ("Categories", "Keywords", "MimeType"):
        assert entry[name].endswith(";")
        assert "" not in entry[name].removesuffix(";").split(";")


def test_the_window_names_the_entry_and_the_entry_names_the_window(entry: configparser.SectionProxy) -> None:
    started = (LINUX.parents[1] / "writer" / "ui" / "app.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{build_deb.PACKAGE}")' in started
    assert f'setApplicationName("{entry["StartupWMClass"]}")' in started  # Qt's class of the window under X11


def test_the_newest_release_is_this_version(component: ElementTree.Element) -> None:
    releases = component.findall("releases/release")
    assert releases[0].get("version") == writer.__version__ == build_deb.project_version()
    assert all(release.findall("description/ul/li") for release in releases)


def test_software_centres_find_the_entry_by_its_name(
    component: ElementTree.Element, entry: configparser.SectionProxy
) -> None:
    assert text(component, "launchable") == f"{build_deb.PACKAGE}.desktop"
    assert text(component, "name") == entry["Name"]
    assert text(component, "provides/binary") == entry["Exec"].split()[0]
    assert {media.text for media in component.findall("provides/mediatype")} == _TEXT_TYPES
    listed = {category.text for category in component.findall("categories/category")}
    assert listed == set(entry["Categories"].strip(";").split(";"))


def test_software_centres_are_told_licence_age_and_description(component: ElementTree.Element) -> None:
    assert text(component, "project_license") == "MIT"
    assert component.find("content_rating/content_attribute") is not None
    assert len(text(component, "description")) > 400
    assert "@" not in build_deb.metainfo()
