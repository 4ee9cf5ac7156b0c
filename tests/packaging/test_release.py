"""The workflows name only what is there, ask for no more rights than they need, and take no code that can change."""

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import writer
from tests.packaging.script_modules import ROOT, script

WORKFLOWS = ROOT / ".github" / "workflows"
RELEASE = WORKFLOWS / "release.yml"


def jobs(path: Path = RELEASE) -> dict[str, Any]:
    given: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return given


def steps(path: Path = RELEASE) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


def commands(path: Path = RELEASE) -> str:
    return "\n".join(step.get("run", "") for step in steps(path))


both = pytest.mark.parametrize("path", [RELEASE, WORKFLOWS / "ci.yml"], ids=lambda path: path.stem)


@both
def test_what_the_commands_name_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"\bmake ([a-z-]+)$", commands(path), re.MULTILINE)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    files = re.findall(r"(?:packaging|\.ci)/[\w./-]+", commands(path))
    assert files
    named = [file for file in files if file != "packaging/locks/"]
    assert [file for file in named if not (ROOT / file).exists()] == []
    for locks in re.findall(r"for lock in ([\w ]+);", commands(path)):
        assert [lock for lock in locks.split() if not (ROOT / "packaging" / "locks" / f"{lock}.txt").exists()] == []


@both
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    uses = re.findall(r"uses: (.*)", path.read_text())
    assert uses
    assert [line for line in uses if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    pins = {tuple(line.split(" # ")) for line in uses}
    assert len({pin.partition("@")[0] for pin, _ in pins}) == len(pins)


@both
def test_jobs_may_read_and_only_the_draft_may_write(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs(path).items():
        assert job["permissions"] == {"contents": "write" if name == "draft" else "read"}
        assert job["timeout-minutes"] <= 90
    checkouts = [step for step in steps(path) if "actions/checkout@" in step.get("uses", "")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_only_the_job_that_signs_knows_secrets() -> None:
    assert [name for name, job in jobs().items() if "secrets." in str(job)] == ["macos"]
    assert not re.search(r"\$\{\{", commands()), "values reach commands through the environment alone"


def test_a_release_is_a_draft_of_all_that_was_built_and_tried() -> None:
    draft = jobs()["draft"]
    assert set(draft["needs"]) == set(jobs()) - {"draft"}
    assert draft["if"] == "github.ref_type == 'tag'"
    text = "\n".join(step.get("run", "") for step in draft["steps"])
    assert text.index("sha256sum") < text.index("gh release create")
    assert "--draft" in text
    for job in jobs().values():
        assert set(job.get("needs", [])) <= set(jobs()) or job["needs"] in jobs()


@pytest.mark.parametrize("name", ["linux", "windows", "windows-check", "macos"])
def test_no_build_is_handed_on_untried(name: str) -> None:
    text = "\n".join(step.get("run", "") for step in jobs()[name]["steps"])
    assert "packaging/smoke_test.py --version" in text


def test_artifacts_that_are_fetched_are_made_before() -> None:
    made, fetched = (
        {step["with"].get("name") for step in steps() if f"actions/{action}-artifact@" in step.get("uses", "")}
        for action in ("upload", "download")
    )
    assert fetched - {None} <= made
    assert made == {"dist-linux", "dist-windows", "dist-windows-installer", "dist-macos", "frozen-windows"}


def test_a_package_that_cannot_be_looked_up_counts_as_a_fault() -> None:
    audits = re.findall(r"pip_audit .*", commands())
    assert audits
    assert all("--strict" in audit and "--require-hashes" in audit for audit in audits)


def test_everything_is_installed_from_locks_with_hashes() -> None:
    installs = re.findall(r"pip install .*", commands())
    assert len(installs) >= 4
    assert [line for line in installs if "--require-hashes" not in line and "--no-index" not in line] == []


def test_the_version_has_one_source() -> None:
    assert script("project_version").project_version() == writer.__version__
    assert writer.__version__ not in RELEASE.read_text()


@pytest.mark.parametrize(
    ("lock", "system"),
    [
        (
            "windows",
            {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
        ),
        (
            "macos",
            {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        ),
    ],
)
def test_the_locks_hold_what_other_systems_need(lock: str, system: dict[str, str]) -> None:
    names = {
        re.sub(r"[-_.]+", "-", name).lower()
        for part in ("runtime", lock)
        for name in re.findall(r"^(\S+)==", (ROOT / "packaging" / "locks" / f"{part}.txt").read_text(), re.MULTILINE)
    }
    runtime = re.findall(r"^(\S+)==", (ROOT / "packaging" / "locks" / "runtime.txt").read_text(), re.MULTILINE)
    asked = [
        Requirement(line) for name in runtime for line in distribution(name).requires or [] if "extra ==" not in line
    ]
    needed = {
        re.sub(r"[-_.]+", "-", requirement.name).lower()
        for requirement in asked
        if requirement.marker is None or requirement.marker.evaluate({**system, "python_version": "3.11"})
    }
    assert "numpy" in needed
    assert needed - names == set()
