"""A desk in a temporary folder, for tests of what needs one."""

from datetime import UTC, datetime
from pathlib import Path

from writer.document.files.file_ops import FileOps
from writer.document.files.process import Process
from writer.document.manuscript import Desk
from writer.document.versions.version_store import VersionStore


def desk_in(folder: Path, ops: FileOps | None = None) -> Desk:
    ops = ops or FileOps()
    return Desk(
        folder / "recovery",
        folder / "fallback",
        folder / "undo",
        folder / "locks",
        VersionStore(folder / "versions", ops),
        ops,
        Process.current(),
        lambda: datetime.now(UTC),
    )
