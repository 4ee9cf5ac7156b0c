"""Writer's version, from the one place where it stands, without importing Writer. Run as a program, it prints it."""

import re
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[1] / "writer" / "__init__.py"


def project_version() -> str:
    found = re.search(r'^__version__ = "([^"]+)"$', _SOURCE.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"no version in {_SOURCE}")
    return found[1]


def numeric_version(version: str) -> str:
    """Four numbers, as Windows wants them: 1.2.3rc1 is 1.2.3.0."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    if numbers is None:
        raise ValueError(f"{version} begins with no number")
    return ".".join([*numbers[0].split("."), "0", "0", "0"][:4])


if __name__ == "__main__":
    print(project_version())
