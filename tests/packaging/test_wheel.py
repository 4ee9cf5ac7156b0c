"""The wheel and the sdist, built from a copy of the tree: they hold every file that they should, and no other."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import writer

ROOT = Path(writer.__file__).parents[1]
_NAME = f"writer_desktop-{writer.__version__}"


def build(source: Path, target: Path, *options: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", target, *options, source]
    environ = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    for doubt in ("absent from the `packages`", "Deprecat"):  # what setuptools only warns of today
        assert doubt not in result.stdout + result.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a checkout has, with some of what must stay out."""
    tree = tmp_path_factory.mktemp("tree")
    nothing_compiled = shutil.ignore_patterns("__pycache__")
    for folder in ("writer", "resources"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=nothing_compiled)
    for file in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tree)
    for stray in ("tests/test_it.py", "packaging/tool.py", "resources/models/starter/int8.onnx", "dist/old.txt"):
        (tree / stray).parent.mkdir(parents=True, exist_ok=True)
        (tree / stray).touch()
    return tree


@pytest.fixture(scope="module")
def dist(tree: Path) -> Path:
    """The sdist, and the wheel that was built from it."""
    before = files_in(tree)
    build(tree, tree / "dist")
    assert {name for name in files_in(tree) - before if ".egg-info/" not in name} == {
        f"dist/{_NAME}.tar.gz",
        f"dist/{_NAME}-py3-none-any.whl",
    }
    return tree / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(dist / f"{_NAME}-py3-none-any.whl")


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_bytes(wheel.read(f"{_NAME}.dist-info/METADATA"))


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def program_files(tree: Path) -> set[str]:
    return {f"writer/{name}" for name in files_in(tree / "writer")}


def resources(tree: Path) -> set[str]:
    return {name for name in files_in(tree / "resources") if not name.startswith(("screenshots/", "models/"))}


def test_the_wheel_holds_the_program_and_its_resources_and_nothing_else(tree: Path, wheel: zipfile.ZipFile) -> None:
    expected = program_files(tree) | {f"writer/resources/{name}" for name in resources(tree)}
    assert "writer/resources/welcome.txt" in expected
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_the_sdist_holds_what_the_wheel_is_made_of(tree: Path, dist: Path) -> None:
    with tarfile.open(dist / f"{_NAME}.tar.gz") as archive:
        names = {member.name.removeprefix(f"{_NAME}/") for member in archive if member.isfile()}
    expected = program_files(tree) | {f"resources/{name}" for name in resources(tree)}
    expected |= {"pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "PKG-INFO", "setup.cfg"}
    assert {name for name in names if ".egg-info/" not in name} == expected


def test_a_wheel_from_the_tree_is_the_same_to_the_byte(tree: Path, dist: Path, tmp_path: Path) -> None:
    """So that it does not matter which way somebody takes."""
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    build(copy, tmp_path / "dist", "--wheel")
    (made,) = (tmp_path / "dist").iterdir()
    assert made.read_bytes() == (dist / made.name).read_bytes()


def test_an_sdist_packed_anew_is_the_same_whoever_made_it(dist: Path, tmp_path: Path) -> None:
    made, other = (tmp_path / folder / f"{_NAME}.tar.gz" for folder in ("made", "other"))
    for file in (made, other):
        file.parent.mkdir()
    shutil.copy(dist / made.name, made)
    with tarfile.open(made) as old, tarfile.open(other, "w:gz") as new:
        for entry in reversed(old.getmembers()):  # somebody else's, of another day
            content = old.extractfile(entry) if entry.isfile() else None
            entry.mtime, entry.uid, entry.uname = entry.mtime + 5000, 1234, "somebody"
            new.addfile(entry, content)
    assert made.read_bytes() != other.read_bytes()
    command = [sys.executable, ROOT / "packaging" / "repack_sdist.py", made, other]
    subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}, check=True, timeout=60)
    assert made.read_bytes() == other.read_bytes()
    with tarfile.open(dist / made.name) as before, tarfile.open(made) as after:
        assert sorted(before.getnames()) == after.getnames()
        assert {entry.mtime for entry in after} == {1_700_000_000}
        for name in (f"{_NAME}/pyproject.toml", f"{_NAME}/resources/gpt2-tokenizer/vocab.json"):
            assert after.extractfile(name).read() == before.extractfile(name).read()
    assert os.listdir(made.parent) == [made.name]


def test_it_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "writer-desktop"
    assert metadata["Version"] == writer.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# Writer\n")
    assert metadata["Keywords"]
    assert {"Environment :: X11 Applications :: Qt", "Topic :: Text Editors"} <= set(metadata.get_all("Classifier", []))


def test_every_licence_in_the_resources_is_named_and_carried(
    tree: Path, wheel: zipfile.ZipFile, metadata: Message
) -> None:
    licences = {"LICENSE"} | {f"resources/{name}" for name in resources(tree) if "LICENSE" in Path(name).name}
    assert len(licences) >= 4
    assert set(metadata.get_all("License-File", [])) == licences
    for name in licences:
        assert wheel.read(f"{_NAME}.dist-info/licenses/{name}") == (tree / name).read_bytes()
    assert metadata["License-Expression"] == "MIT AND OFL-1.1"


def test_who_only_writes_gets_no_torch_and_no_tools(metadata: Message) -> None:
    needed = [name for name in metadata.get_all("Requires-Dist", []) if "extra ==" not in name]
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert len(needed) == len(listed) > 10
    assert not [
        name for name in needed if name.startswith(("torch", "transformers", "optimum", "pytest", "pyinstaller"))
    ]


def test_both_ways_to_start_it_lead_to_a_function(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    entries = wheel.read(f"{_NAME}.dist-info/entry_points.txt").decode()
    assert entries.split() == [
        *("[console_scripts]", "writer", "=", "writer.cli.main:main"),
        *("[gui_scripts]", "writer-desktop", "=", "writer.cli.main:main"),
    ]
    code = (
        "import sys; from writer.cli.main import main; from writer.paths import resources_dir\n"
        "print(resources_dir()); sys.exit(main(['--version']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    folder = tmp_path / "site" / "writer" / "resources"
    assert result.stdout == f"{folder}\nwriter {writer.__version__}\n", result.stderr
