import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths
from writer.ui import theme as themes
from writer.ui.worker import Worker


@pytest.fixture(autouse=True)
def _faces(qapp: QApplication, delete_widgets: None) -> None:
    """The faces that the window is measured with."""
    themes.load_fonts()
    qapp.setFont(themes.interface_font())


@pytest.fixture
def steady_caret(qapp: QApplication) -> Iterator[None]:
    """Two pictures of a page differ by what changed, not by the moment, and the caret is no reason to paint."""
    flash_time = QApplication.cursorFlashTime()
    QApplication.setCursorFlashTime(0)
    yield
    QApplication.setCursorFlashTime(flash_time)


@pytest.fixture
def worker(qapp: QApplication) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def poem_model(poem_home: Path) -> LoadedModel:
    """The poem's model, read and ready; one test after the other has it."""
    store = ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models)
    model = LoadedModel.load(store.get("poem"), device="cpu")
    gc.collect()
    gc.freeze()  # what built it stays for good, and is much to look through at the end of every test
    return model
