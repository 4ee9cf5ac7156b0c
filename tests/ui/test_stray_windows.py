"""No part of a view comes up as a window of its own, not even for a moment."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from writer.document.comparison import compare
from writer.document.drafts.recovery import DraftFound, DraftState
from writer.document.versions.version_store import Reason, Version
from writer.ui.comparison_page import ComparisonPage
from writer.ui.guide_page import GuidePage
from writer.ui.recovery_page import RecoveryPage
from writer.ui.versions_panel import VersionsPanel

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

NOW = datetime(2025, 3, 5, 15, 0, tzinfo=UTC)


class Shown(QObject):
    """The windows that came up."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[QObject] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(watched)
        return False


@pytest.fixture
def windows(qapp: QApplication) -> Iterator[list[QObject]]:
    shown = Shown()
    qapp.installEventFilter(shown)
    yield shown.windows
    qapp.removeEventFilter(shown)


def versions() -> QWidget:
    panel = VersionsPanel()
    panel.show()
    panel.set_versions((Version("key", 2, "b", NOW, Reason.SAVE), Version("key", 1, "a", NOW, Reason.BY_HAND)), NOW)
    return panel


def comparison() -> QWidget:
    page = ComparisonPage()
    page.show()
    for actions in ((("Keep mine", lambda: None),), ()):
        page.show_comparison("a", "b", compare("x\ny", "x\nz"), actions=actions, restorable=True)
    return page


def recovery() -> QWidget:
    page = RecoveryPage()
    page.show()
    draft = DraftFound(Path("/a.journal"), "a", "", None, 1, NOW, 1, DraftState.PARTIAL, "A problem.", in_use=False)
    for drafts in ((draft,), (), (draft, draft)):
        page.set_drafts(drafts, NOW)
    return page


def guide() -> QWidget:
    page = GuidePage()
    page.show()
    return page


@pytest.mark.parametrize("make", [versions, comparison, recovery, guide])
def test_only_the_view_itself_is_a_window(windows: list[QObject], qtbot: QtBot, make: Callable[[], QWidget]) -> None:
    view = make()
    qtbot.addWidget(view)
    QApplication.processEvents()
    assert windows == [view]
