"""Where a text without a place of its own is looked for, and proposed to be saved."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths


def documents_folder() -> Path:
    """The desktop's folder for documents, or the home where there is none. Not the current folder: a program that was
    started from a menu is anywhere, such as in / or beside its own files."""
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    return folder if folder.is_dir() else Path.home()
