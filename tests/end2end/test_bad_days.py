"""What goes wrong is told in the window, and the text stays: a model that returns no numbers, no network at the first
start, a file that is no text."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore, file_record, write_manifest
from writer.paths import user_paths
from writer.ui import app as app_module
from writer.ui.generation import State
from writer.ui.main_window import MainWindow

OpenWindow = Callable[[str], MainWindow]


def spoil_the_norm(folder: Path) -> None:
    """Make the last norm's weights no numbers, and tell the manifest that this is how the files are meant to be."""
    graph = folder / "int8.onnx"
    model = onnx.load(graph, load_external_data=False)
    weight = next(tensor for tensor in model.graph.initializer if tensor.name == "ln_f.weight")
    weight.raw_data = np.full(weight.dims[0], np.nan, np.float32).tobytes()
    onnx.save(model, graph)
    manifest = ModelStore(folder.parent).get(folder.name).manifest
    record = manifest.precisions["int8"]
    files = {**record.files, "int8.onnx": file_record(graph)}
    write_manifest(folder, replace(manifest, precisions={"int8": replace(record, files=files)}))


def test_logits_that_are_no_numbers_are_told_and_cost_nothing(
    open_window: OpenWindow, qtbot: QtBot, writer_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = open_window("Tyger Tyger, burning bright")
    store = ModelStore(user_paths({"WRITER_HOME": str(writer_home)}).models)
    spoil_the_norm(store.get("poem").folder)
    spoilt = LoadedModel.load(store.get("poem"))
    document = window.files.document
    with qtbot.waitSignal(window.generation.failed, timeout=60_000):
        window.writing.set_model(spoilt)
        window.writing.continue_at_caret()
    assert "numbers that are not valid" in window.notices.message
    assert document.text == "Tyger Tyger, burning bright"
    assert window.generation.state is State.IDLE
    QTest.keyClicks(window.editor, ",")
    assert document.text == "Tyger Tyger, burning bright,"

    from writer.cli.main import main

    assert main(["generate", "Tyger", "--model", "poem"]) == 1
    told = capsys.readouterr()
    assert "numbers that are not valid" in told.err
    assert told.err.count("\n") == 1


def test_a_binary_file_is_shown_and_cannot_be_written_over(
    open_window: OpenWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_window("My text")
    picture = tmp_path / "picture.txt"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    before = picture.read_bytes()
    window.open_file(picture)
    qtbot.waitUntil(lambda: window.files.path == picture, timeout=60_000)
    assert "picture.txt is not a text file" in window.notices.message
    assert window.editor.isReadOnly()
    QTest.keyClicks(window.editor, "x")
    window.writing.continue_at_caret()
    assert window.generation.state is State.IDLE
    window.files.save()
    qtbot.wait(50)
    assert not window.files.document.modified
    assert picture.read_bytes() == before


@pytest.fixture
def one_application(qapp: QApplication, delete_widgets: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`run_app` makes an application; the tests have one already. Its exec returns once the test's steps have run."""
    monkeypatch.setattr(app_module, "make_application", lambda arguments: qapp)
    monkeypatch.setattr("sys.excepthook", lambda *details: pytest.fail(str(details)))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():  # `run_app` has set its own, which would keep the window
        signal.signal(number, handler)
    for widget in qapp.topLevelWidgets():
        widget.close()
        widget.deleteLater()


def test_without_a_network_the_first_start_still_gives_a_page(
    one_application: None, writer_home: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # where nobody listens
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    seen: list[str] = []

    def write_and_leave() -> None:
        window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
        qtbot.waitUntil(lambda: bool(window.notices.message), timeout=60_000)
        seen.append(window.notices.message)
        QTest.mouseClick(window.pages.welcome.begin_button, Qt.MouseButton.LeftButton)
        n_before = len(window.files.document)
        QTest.keyClicks(window.editor, " And on.")
        seen.append(window.files.document.text[n_before:])
        seen.append("ready" if window.menus.continue_writing.isEnabled() else "no model")
        window.files.document.mark_saved()
        window.close()

    QTimer.singleShot(500, write_and_leave)
    assert app_module.run_app(user_paths({"WRITER_HOME": str(writer_home)}), None) == 0
    assert "package index cannot be reached" in seen[0]
    assert seen[1:] == [" And on.", "no model"]
