"""Resolve pyproject.toml into the locks of this folder (`make locks`)."""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent / "pyproject.toml"
# What the locked packages need on systems other than the one they are resolved on: pip sees only that.
ELSEWHERE = {"windows": ["colorama", "pefile", "pywin32-ctypes"], "macos": ["macholib"]}
HEADER = "# Made by `make locks`; change pyproject.toml instead.\n"


def resolve(source: Path, *options: str) -> str:
    """Pinned requirements with hashes, torch's own block left out, no index lines."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe"]
        command += ["--strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-trusted-host"]
        command += ["--no-emit-find-links", "--no-emit-options", "--output-file", str(output)]
        subprocess.run([*command, *options, str(source)], check=True)
        return HEADER + re.sub(r"^torch==.*\n(?: .*\n)*", "", output.read_text(), flags=re.MULTILINE)


def resolve_beside(lock: str, needed: list[str]) -> str:
    """The requirements `needed` and what they need, in the versions of `lock` where both have a package."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "needed.in"
        source.write_text("\n".join(needed))
        return resolve(source, f"--constraint={HERE / lock}")


def resolve_for_cuda(needed: list[str]) -> str:
    """The runtime with onnxruntime-gpu, which fills the same folder, in place of onnxruntime; all else is the same."""
    return resolve_beside("runtime.txt", [re.sub(r"^onnxruntime\b", "onnxruntime-gpu", line) for line in needed])


def main() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    (HERE / "runtime.txt").write_text(resolve(PROJECT))
    (HERE / "cuda.txt").write_text(resolve_for_cuda(project["dependencies"]))
    (HERE / "build.txt").write_text(resolve_beside("runtime.txt", project["optional-dependencies"]["package"]))
    for system, needed in ELSEWHERE.items():
        (HERE / f"{system}.txt").write_text(resolve_beside("build.txt", needed))
    (HERE / "test.txt").write_text(resolve(PROJECT, "--extra=dev", "--extra=export"))


if __name__ == "__main__":
    main()
