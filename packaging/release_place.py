"""Name in resources/release.toml where the builds of this release may ask for newer ones.

Run by the release workflow, with what the public CI says of the repository in GITHUB_API_URL, GITHUB_SERVER_URL and
GITHUB_REPOSITORY. A checkout names no place, so that a build of one's own offers nothing.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def named(text: str, environ: Mapping[str, str]) -> str:
    """The file's text with both addresses filled in. Raises KeyError for what the environment lacks, ValueError for a
    file that has no place for them."""
    repository = environ["GITHUB_REPOSITORY"]
    addresses = {
        "releases_url": f"{environ['GITHUB_API_URL']}/repos/{repository}/releases/latest",
        "page_url": f"{environ['GITHUB_SERVER_URL']}/{repository}/releases",
    }
    for name, address in addresses.items():
        if text.count(f'\n{name} = ""\n') != 1:
            raise ValueError(f"release.toml has no empty {name}")
        text = text.replace(f'\n{name} = ""\n', f'\n{name} = "{address}"\n')
    return text


def main() -> int:
    path = ROOT / "resources" / "release.toml"
    try:
        path.write_text(named(path.read_text(encoding="utf-8"), os.environ), encoding="utf-8", newline="\n")
    except KeyError as error:
        print(f"{error.args[0]} is not set", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
