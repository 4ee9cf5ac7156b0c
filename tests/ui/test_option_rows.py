"""Questions in side panels: asked in their place, and not left open behind the writer's back."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.take_records import FEW, NOW
from writer.assist.context_notes import LoreEntry
from writer.ui.lore_list import LoreList
from writer.ui.option_rows import Question
from writer.ui.rail import Rail
from writer.ui.suggestions_panel import SuggestionsPanel
from writer.ui.takes_panel import TakesPanel

# Qt says so of windows and menus without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def own_words() -> tuple[QWidget, Callable[[], object]]:
    panel = SuggestionsPanel()
    return panel, panel.findChild(QPushButton, "erase").click


def one_take() -> tuple[QWidget, Callable[[], object]]:
    panel = TakesPanel(clock=lambda: NOW)
    panel.set_records(FEW)

    def ask() -> None:
        panel.show_record("wind")
        panel.drawer.detail.erase.click()

    return panel, ask


def all_takes() -> tuple[QWidget, Callable[[], object]]:
    panel = TakesPanel(clock=lambda: NOW)
    panel.set_records(FEW)
    return panel, panel.drawer.more.menu().actions()[0].trigger


def lore() -> tuple[QWidget, Callable[[], object]]:
    panel = LoreList()
    panel.set_entries((LoreEntry("1", "Annie", ("Annie",), "Annie limps."),))
    return panel, lambda: panel.findChild(QPushButton, "loreRemove").click()


@pytest.mark.parametrize("make", [own_words, one_take, all_takes, lore])
@pytest.mark.parametrize("way", ["another panel", "closed"])
def test_a_question_that_is_left_is_closed_unanswered(
    make: Callable[[], tuple[QWidget, Callable[[], object]]], way: str, qtbot: QtBot
) -> None:
    window, rail = QWidget(), Rail()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    row.addWidget(rail.side_panel)
    row.addWidget(rail)
    panel, ask = make()
    rail.add_panel("asked", "Asked", "takes", panel)
    rail.add_panel("other", "Other", "takes", QLineEdit())
    rail.open("asked")
    window.resize(360, 800)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.wait(20)

    def asked() -> list[Question]:
        return [question for question in panel.findChildren(Question) if question.isVisible()]

    ask()
    [question] = asked()
    assert question.no.hasFocus()
    window.showMinimized()
    window.showNormal()
    assert asked() == [question], "it was not the panel that was left"
    confirmed: list[bool] = []
    question.confirmed.connect(lambda: confirmed.append(True))
    if way == "closed":
        rail.close()
    else:
        rail.open("other")
    focused = QApplication.focusWidget()
    assert focused is None or focused.isVisible()
    rail.open("asked")
    assert asked() == []
    assert not confirmed
    ask()
    assert len(asked()) == 1, "and it can be asked again"
