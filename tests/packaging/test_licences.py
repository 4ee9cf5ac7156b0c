"""The file of licences: complete, the same every time, and never without something that is packed."""

import json
import re
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.script_modules import ROOT, script

components = script("licences/components")
distributions = script("licences/distributions")
frozen_folder = script("licences/frozen_folder")
gather = script("licences/gather")
libraries = script("licences/libraries")
collect = script("licences/collect")

PYTHON = components.Component("Python", "3.11.0", "PSF-2.0", "https://www.python.org/", ("the licence of Python",))
ZLIB = components.Component("zlib1g", "1:1", "Zlib", "https://snapshot.debian.org/", ("the licence of zlib",))


def install(folder: Path, name: str, files: dict[str, str], metadata: str = "") -> Distribution:
    """A distribution as pip leaves it: its files, and a folder that names them."""
    info = f"{name}-1.0.dist-info"
    files = {f"{info}/METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{metadata}\n", **files}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / info / "RECORD").write_text("".join(f"{path},,\n" for path in files))
    return Distribution.at(folder / info)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


@pytest.fixture
def installed(site: Path) -> list[Distribution]:
    licence = "License-Expression: MIT"
    crate = {"name": "crate", "version": "2", "purl": "pkg:cargo/crate@2", "licenses": [{"expression": "ISC"}]}
    bill = json.dumps({"components": [crate]})
    return [
        install(site, "first", {"first/__init__.py": "", "first-1.0.dist-info/licenses/LICENSE": "one text"}, licence),
        install(
            site,
            "Second.Thing",
            {
                "second/core.so": "",
                "Second.Thing-1.0.dist-info/LICENSE": "one text\n\n",
                "Second.Thing-1.0.dist-info/NOTICE": "a notice",
                "Second.Thing-1.0.dist-info/sboms/bill.cdx.json": bill,
            },
            "Classifier: License :: OSI Approved :: BSD License",
        ),
    ]


def frozen(tmp_path: Path, files: list[str], modules: list[str]) -> Any:
    contents = tmp_path / "frozen" / "_internal"
    for name in files:
        (contents / name).parent.mkdir(parents=True, exist_ok=True)
        (contents / name).write_text(f"content of {name}")
    return frozen_folder.FrozenFolder(contents.parent, contents, frozenset(modules), tuple(sorted(files)))


def lookup(name: str) -> Any:
    return ZLIB if name == "libz.so.1" else None


def all_of(tmp_path: Path, installed: list[Distribution], files: list[str], modules: list[str]) -> list[Any]:
    found: list[Any] = gather.gather(frozen(tmp_path, files, modules), installed, lookup, [PYTHON])
    return found


FILES = [
    "second/core.so",
    "libz.so.1",
    "base_library.zip",
    "lib-dynload/_json.so",
    "libpython3.11.so.1.0",
    "resources/fonts/inter/LICENSE.txt",
    "resources/fonts/inter/Inter-Regular.otf",
    "resources/guide/guide.md",
]
MODULES = ["first", "first.deep", "json", "writer", "writer.paths", "pyimod01_archive", "_sysconfigdata__linux"]


def test_everything_packed_is_named_with_its_licence(tmp_path: Path, installed: list[Distribution]) -> None:
    found = all_of(tmp_path, installed, FILES, MODULES)
    assert [(component.title, component.licence) for component in found] == [
        ("first", "MIT"),
        ("Inter (typeface)", "OFL-1.1"),
        ("Python", "PSF-2.0"),
        ("second-thing", "BSD-3-Clause"),
        ("zlib1g", "Zlib"),
    ]
    by_title = {component.title: component for component in found}
    assert by_title["second-thing"].texts == ("one text", "a notice")
    assert [part.name for part in by_title["second-thing"].parts] == ["crate"]
    assert [name for name, _ in by_title["Python"].files] == [
        "_internal/lib-dynload/_json.so",
        "_internal/libpython3.11.so.1.0",
    ]
    assert len(by_title["Inter (typeface)"].files) == 2
    assert by_title["Inter (typeface)"].texts == ("content of resources/fonts/inter/LICENSE.txt",)


def test_the_file_is_the_same_every_time_and_prints_each_text_once(
    tmp_path: Path, installed: list[Distribution]
) -> None:
    text = collect.render(all_of(tmp_path, installed, FILES, MODULES))
    again = collect.render(all_of(tmp_path, installed[::-1], FILES[::-1], MODULES[::-1]))
    assert text == again
    assert text.count("one text") == 1
    assert "crate 2: ISC" in text
    assert (ROOT / "LICENSE").read_text().strip() in text
    for component in ("first 1.0: MIT", "zlib1g 1:1: Zlib"):
        assert component in text


def test_a_distribution_without_a_text_is_refused(tmp_path: Path, site: Path) -> None:
    bare = install(site, "bare", {"bare/__init__.py": ""}, "License-Expression: MIT")
    with pytest.raises(components.LicenceError, match=r"bare 1\.0 brings no licence text"):
        all_of(tmp_path, [bare], [], ["bare"])


def test_a_text_kept_by_hand_stands_in(tmp_path: Path, site: Path) -> None:
    known = install(site, "tokenizers", {"tokenizers/__init__.py": ""})
    found = all_of(tmp_path, [known], [], ["tokenizers"])
    tokenizers = next(component for component in found if component.title == "tokenizers")
    assert tokenizers.licence == "Apache-2.0"
    assert "Apache License" in tokenizers.texts[0]
    assert tokenizers.source == "https://github.com/huggingface/tokenizers/tree/v1.0"


@pytest.mark.parametrize(
    ("files", "modules", "named"),
    [
        ([], ["stowaway"], "stowaway"),
        (["libstowaway.so.1"], [], "libstowaway.so.1"),
        (["resources/fonts/new/New.otf"], [], "fonts/new/New.otf"),
        (["odd.bin"], [], "odd.bin"),
    ],
)
def test_what_nobody_knows_is_refused(
    tmp_path: Path, installed: list[Distribution], files: list[str], modules: list[str], named: str
) -> None:
    with pytest.raises(components.LicenceError, match=re.escape(named)):
        all_of(tmp_path, installed, files, modules)


def test_what_is_installed_but_not_packed_is_left_out(tmp_path: Path, installed: list[Distribution]) -> None:
    assert [component.title for component in all_of(tmp_path, installed, [], ["first"])] == ["first", "Python"]


def test_on_windows_the_runtime_is_microsofts_and_the_extensions_pythons(tmp_path: Path, site: Path) -> None:
    files = {"PySide6/msvcp140.dll": "", "PySide6/Qt6Core.dll": ""}
    qt = install(site, "PySide6_Essentials", files)
    found = all_of(tmp_path, [qt], [*files, "VCRUNTIME140.dll", "_ssl.pyd", "python311.dll"], ["PySide6"])
    named = {component.title: [name for name, _ in component.files] for component in found}
    assert named["Microsoft Visual C++ runtime"] == ["_internal/PySide6/msvcp140.dll", "_internal/VCRUNTIME140.dll"]
    assert named["Python"] == ["_internal/_ssl.pyd", "_internal/python311.dll"]
    assert named["Qt and Qt for Python (PySide6)"] == ["_internal/PySide6/Qt6Core.dll"]


def test_on_macos_frameworks_are_told_apart(tmp_path: Path, site: Path) -> None:
    files = {"PySide6/Qt/lib/QtCore.framework/Versions/A/QtCore": ""}
    pythons = ["Python.framework/Versions/3.11/Python", "Python.framework/Versions/3.11/Resources/Info.plist"]
    qt = install(site, "PySide6_Essentials", files)
    found = all_of(tmp_path, [qt], [*files, *pythons, "libcrypto.3.dylib"], ["PySide6"])
    named = {component.title: [name for name, _ in component.files] for component in found}
    assert named["Python"] == ["_internal/Python.framework/Versions/3.11/Python"]
    assert named["OpenSSL"] == ["_internal/libcrypto.3.dylib"]
    assert named["Qt and Qt for Python (PySide6)"] == [f"_internal/{name}" for name in files]
    assert "in the folder _internal/PySide6/Qt/lib/QtCore.framework" in " ".join(collect.render(found).split())


def test_the_terms_of_qt_are_met(tmp_path: Path, site: Path) -> None:
    files = {"PySide6/Qt/lib/libQt6Core.so.6": ""}
    text = collect.render(all_of(tmp_path, [install(site, "PySide6_Essentials", files)], [*files], ["PySide6"]))
    words = " ".join(text.split())
    assert "in the folder _internal/PySide6/Qt/lib." in words
    assert "https://download.qt.io/official_releases/qt/1.0/1.0/submodules/" in words
    assert "PySide6-1.0-src/" in words
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert "GNU GENERAL PUBLIC LICENSE" in text


def test_all_resources_of_the_program_are_accounted_for(installed: list[Distribution]) -> None:
    names = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "resources").rglob("*") if path.is_file())
    kept = tuple(name for name in names if not name.startswith("resources/screenshots/") and "__pycache__" not in name)
    program = frozen_folder.FrozenFolder(ROOT, ROOT, frozenset(), kept)
    titles = {component.title for component in gather.gather(program, [], lookup, [PYTHON])}
    assert {"Inter (typeface)", "Source Serif Pro (typeface)", "GPT-2's vocabulary and merges"} < titles


def locked(*locks: str) -> dict[str, str]:
    text = "".join((ROOT / "packaging" / "locks" / f"{lock}.txt").read_text() for lock in locks)
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(locked("runtime")))
def test_every_locked_distribution_has_a_text(name: str) -> None:
    component = distributions.distribution_component(distribution(name))
    assert max(map(len, component.texts)) > 300
    assert component.licence != components.NOT_STATED


def test_texts_kept_by_hand_are_used_and_their_origin_is_named() -> None:
    facts = components.facts()
    used = {
        text
        for kind in ("distribution", "library", "resource")
        for fact in facts[kind]
        for text in fact.get("texts", [])
    }
    kept = {path.name for path in components.TEXTS.glob("*.txt")}
    assert {text for text in used if not text.startswith("resources/")} | {"python-incorporated.txt"} == kept
    origins = (components.TEXTS / "README.md").read_text()
    assert [name for name in sorted(kept) if f"`{name}`" not in origins] == []


def test_an_empty_folder_is_no_frozen_writer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make frozen"):
        frozen_folder.read_frozen_folder(tmp_path)
