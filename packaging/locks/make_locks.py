"""Resolve pyproject.toml into runtime.txt and test.txt (`make locks`)."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent / "pyproject.toml"
HEADER = "# Made by `make locks`; change pyproject.toml instead.\n"


def resolve(extras: list[str]) -> str:
    """Pinned requirements with hashes, torch's own block left out, no index lines."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--allow-unsafe"]
        command += ["--strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-trusted-host"]
        command += ["--no-emit-find-links", "--no-emit-options", "--output-file", str(output)]
        command += [f"--extra={extra}" for extra in extras]
        subprocess.run([*command, str(PROJECT)], check=True)
        return HEADER + re.sub(r"^torch==.*\n(?: .*\n)*", "", output.read_text(), flags=re.MULTILINE)


def main() -> None:
    (HERE / "runtime.txt").write_text(resolve([]))
    (HERE / "test.txt").write_text(resolve(["dev", "export"]))


if __name__ == "__main__":
    main()
