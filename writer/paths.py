"""Where Writer keeps its own files, and where it finds the ones it ships with."""

import getpass
import os
import sys
import tempfile
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

    @property
    def session_file(self) -> Path:
        """Where the writer left off, and how the last starts went."""
        return self.state / "session.json"

    @property
    def recovery(self) -> Path:
        """Every edit that no file holds yet."""
        return self.state / "recovery"

    @property
    def fallback_recovery(self) -> Path:
        """The same where that folder cannot be used."""
        return Path(tempfile.gettempdir()) / f"writer-recovery-{getpass.getuser()}"

    @property
    def versions(self) -> Path:
        """Earlier versions of manuscripts. In `data`: they are worth a backup."""
        return self.data / "versions"

    @property
    def takes(self) -> Path:
        """Every continuation that the model has offered. In `data`: a line once refused may be worth a book."""
        return self.data / "takes"

    @property
    def acceptance_file(self) -> Path:
        """How often suggestions were taken: numbers only."""
        return self.state / "acceptance.json"

    @property
    def histories(self) -> Path:
        """What undo needs after a manuscript has been closed."""
        return self.state / "undo"

    @property
    def locks(self) -> Path:
        """Who has manuscripts open that lie in folders which take no new files."""
        return self.state / "locks"


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


def shipped_models_dir() -> Path | None:
    """The models that this Writer came with, ready to read; None where it came without any."""
    folder = resources_dir() / "models"
    return folder if folder.is_dir() else None
