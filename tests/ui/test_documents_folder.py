"""What the dialogs propose for a text that has no place yet."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from writer.paths import user_paths
from writer.ui.documents_folder import documents_folder
from writer.ui.main_window import MainWindow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home, in which the program was not started."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.chdir(tmp_path)
    return home


def test_it_is_the_documents_where_there_are_any_and_else_the_home(home: Path) -> None:
    assert documents_folder() == home
    (home / "Documents").mkdir()
    assert documents_folder() == home / "Documents"


def test_it_is_what_the_desktop_calls_so(home: Path) -> None:
    (home / "Dokumente").mkdir()
    (home / ".config").mkdir()
    (home / ".config" / "user-dirs.dirs").write_text('XDG_DOCUMENTS_DIR="$HOME/Dokumente"\n', encoding="utf-8")
    assert documents_folder() == home / "Dokumente"


def test_a_text_without_a_name_is_proposed_there_and_another_where_it_is(
    home: Path, monkeypatch: pytest.MonkeyPatch, delete_widgets: None, writer_home: Path
) -> None:
    asked: list[tuple[str, str]] = []

    def answer(parent: object, title: str, place: str, filters: str) -> tuple[str, str]:
        asked.append((title, place))
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    window = MainWindow(user_paths({"WRITER_HOME": str(writer_home)}))
    window.files.new()
    window.files.save_as()
    window.files.open()
    assert asked == [("Save as", str(home / "Untitled.txt")), ("Open", str(home))]
    window.close()
