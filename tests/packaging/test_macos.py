"""What macOS is told of Writer.app."""

import plistlib
import re
import struct
import subprocess
from typing import Any

import pytest

import writer
from tests.packaging.script_modules import ROOT, script

info_plist = script("macos/info_plist")
icon_containers = script("icon_containers")

MACOS = ROOT / "packaging" / "macos"
ICONS = ROOT / "resources" / "icons" / "app"


@pytest.fixture
def told() -> dict[str, Any]:
    """As the file in the bundle gives it back."""
    arguments = info_plist.bundle_arguments()
    assert arguments["version"] == writer.__version__
    given: dict[str, Any] = plistlib.loads(plistlib.dumps(arguments["info_plist"]))
    assert arguments["bundle_identifier"] == given["CFBundleIdentifier"]
    return given


def test_the_program_is_named_and_its_version_is_the_program_s(told: dict[str, Any]) -> None:
    assert told["CFBundleName"] == "Writer"
    assert told["CFBundleShortVersionString"] == writer.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["CFBundleVersion"])
    assert re.fullmatch(r"[A-Za-z0-9.-]+", told["CFBundleIdentifier"])


def test_it_is_a_program_with_a_window_and_sharp_letters(told: dict[str, Any]) -> None:
    assert told["CFBundlePackageType"] == "APPL"
    assert told["NSHighResolutionCapable"] is True
    assert told["LSBackgroundOnly"] is False
    assert told["LSMinimumSystemVersion"] == "14.0"


def test_it_is_offered_for_the_files_it_opens_and_is_no_default(told: dict[str, Any]) -> None:
    types = told["CFBundleDocumentTypes"]
    assert [kind["LSItemContentTypes"] for kind in types] == [["public.plain-text"], ["net.daringfireball.markdown"]]
    assert {(kind["LSHandlerRank"], kind["CFBundleTypeRole"]) for kind in types} == {("Alternate", "Editor")}
    [markdown] = told["UTImportedTypeDeclarations"]
    assert markdown["UTTypeTagSpecification"]["public.filename-extension"] == ["md", "markdown"]


def test_the_hardened_runtime_is_loosened_nowhere() -> None:
    assert plistlib.loads((MACOS / "entitlements.plist").read_bytes()) == {}


def test_the_icon_holds_every_size_under_its_name() -> None:
    content = icon_containers.icns(ICONS)
    assert content[:4] == b"icns"
    assert struct.unpack_from(">I", content, 4) == (len(content),)
    found = {}
    offset = 8
    while offset < len(content):
        name, size = struct.unpack_from(">4sI", content, offset)
        found[name] = content[offset + 8 : offset + size]
        offset += size
    widths = {name: struct.unpack(">I", picture[16:20])[0] for name, picture in found.items()}
    assert widths[b"ic09"] == widths[b"ic14"] == 512
    assert widths[b"ic08"] == widths[b"ic13"] == 256
    assert widths[b"icp4"] == 16
    assert found[b"ic07"] == (ICONS / "128.png").read_bytes()


def test_the_script_of_the_disk_image_signs_with_what_it_is_given() -> None:
    script_file = MACOS / "make_dmg.sh"
    subprocess.run(["sh", "-n", str(script_file)], check=True)
    text = script_file.read_text()
    assert text.index('sign "$file"') < text.index('sign "$framework"') < text.index('sign "$app"')
    assert text.index("codesign --verify") < text.index("hdiutil create") < text.index("notarytool submit")
    assert '--entitlements "$here/entitlements.plist"' in text
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    for name in set(re.findall(r"\$\{?((?:SIGNING|NOTARY)_\w+)", text)):
        assert name in workflow
