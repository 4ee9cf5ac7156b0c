"""Where Writer keeps its own files, and where it finds the ones it ships with."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class UserPaths:
    """Folders of one user. None of them is created until something is written there."""

    config: Path
    data: Path
    state: Path

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def own_catalog(self) -> Path:
        """Catalogue entries the user has added; see the README."""
        return self.config / "models.toml"

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"


def user_paths(environ: Mapping[str, str] = os.environ) -> UserPaths:
    """The user's folders; `WRITER_HOME` moves all of them below one folder."""
    home = environ.get("WRITER_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return UserPaths(root / "config", root / "data", root / "state")
    dirs = platformdirs.PlatformDirs("writer", appauthor=False)
    return UserPaths(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path)


def resources_dir() -> Path:
    """The folder of shipped files: beside the package in a checkout, inside it in a wheel or frozen build."""
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [package / "resources", package.parent / "resources"]
    if frozen:
        candidates.insert(0, Path(frozen) / "resources")
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"no resources folder beside {package}")
