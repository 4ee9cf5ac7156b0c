from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from writer.ui import theme as themes
from writer.ui.worker import Worker


@pytest.fixture(autouse=True)
def _faces(qapp: QApplication, delete_widgets: None) -> None:
    """The faces that the window is measured with."""
    themes.load_fonts()
    qapp.setFont(themes.interface_font())


@pytest.fixture
def worker(qapp: QApplication) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()
