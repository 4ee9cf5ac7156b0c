"""The first start of a Writer that comes with its starter: it writes at once, and nothing is fetched or copied."""

import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from writer.cli import loading
from writer.cli.main import main
from writer.models.catalog import STARTER
from writer.models.manifest import MANIFEST_NAME
from writer.paths import user_paths
from writer.ui import library, main_window
from writer.ui import theme as themes
from writer.ui.main_window import MainWindow

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


@pytest.fixture
def shipped(poem_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The poem's model in the place of the starter, in a folder of the program; and no network."""
    folder = shutil.copytree(poem_home / "data" / "models" / "poem", tmp_path / "program" / STARTER)
    values = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    (folder / MANIFEST_NAME).write_text(json.dumps(values | {"id": STARTER}), encoding="utf-8")
    for module in (loading, library, main_window):
        monkeypatch.setattr(module, "shipped_models_dir", lambda: folder.parent)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.mark.usefixtures("delete_widgets", "shipped")
def test_the_window_writes_at_once(qapp: QApplication, qtbot: QtBot, writer_home: Path) -> None:
    themes.load_fonts()
    qapp.setFont(themes.interface_font())
    paths = user_paths({"WRITER_HOME": str(writer_home)})
    window = MainWindow(paths)
    told: list[str] = []
    window.library.activity_changed.connect(lambda key, _activity: told.append(key))
    window.open_welcome()
    window.show()
    window.begin()
    qtbot.waitUntil(lambda: window.host.model is not None and bool(window.library.shelf), timeout=60_000)
    assert window.host.model is not None
    assert window.host.model.installed.is_shipped
    welcome = window.pages.welcome
    assert "is here and ready" in " ".join(label.text() for label in welcome.findChildren(QLabel))
    assert told == []
    before = len(window.files.document.text)
    window.menus.continue_writing.trigger()
    qtbot.waitUntil(lambda: len(window.files.document.text) > before, timeout=60_000)
    window.writing.stop()
    assert not paths.models.exists()
    assert window.notices.property("kind") != "error"
    window.files.document.mark_saved()
    window.close()


@pytest.mark.usefixtures("shipped")
def test_the_command_line_writes_at_once(writer_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in ([], ["--model", STARTER]):
        assert main(["generate", "Tyger Tyger", "--max-new-tokens", "4", *model]) == 0
        out, err = capsys.readouterr()
        assert out.strip()
        assert "Getting" not in err
    assert main(["models", "get", STARTER, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "ready"
    assert main(["models", "verify", STARTER]) == 0
    assert main(["models", "remove", STARTER]) == 1
    assert "is a part of Writer" in capsys.readouterr().err
    assert not user_paths({"WRITER_HOME": str(writer_home)}).models.exists()
