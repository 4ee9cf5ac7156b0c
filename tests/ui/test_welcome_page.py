"""The first page: two models, and a way to begin whatever becomes of them."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.shelf_items import CATALOG, DEFAULT_MODEL, STARTER, here, to_get
from writer.models.precision import Precision
from writer.models.progress import Step
from writer.ui.library import Activity
from writer.ui.model_card import ModelCard
from writer.ui.welcome_page import WelcomePage

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
GETTING = Activity(
    "GPT-2 medium", Step("Downloading", 1, 4, "380 MB of 1.5 GB · 9.0 MB/s · 2 min left"), can_pause=True
)


@pytest.fixture
def page(qtbot: QtBot) -> WelcomePage:
    page = WelcomePage()
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.set_shelf(tuple(to_get(model_id) for model_id in CATALOG))
    with qtbot.waitExposed(page):
        page.show()
    return page


def cards(page: WelcomePage) -> list[ModelCard]:
    """From left to right."""
    for _ in range(3):  # a layout within a layout is arranged in several rounds
        QApplication.processEvents()
    return sorted((card for card in page.findChildren(ModelCard) if card.isVisible()), key=lambda card: card.x())


def button(card: ModelCard, name: str) -> QPushButton:
    found = card.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    assert found.isVisible()
    return found


def test_the_product_and_the_starter_are_offered(page: WelcomePage) -> None:
    assert {card.item.id for card in cards(page)} == {DEFAULT_MODEL, STARTER}
    assert all(button(card, "get").isVisible() for card in cards(page))
    shown = " ".join(label.text() for label in page.findChildren(QLabel))
    for point in ("Welcome to Writer", "nothing you write leaves it", "begin at once", "takes a download"):
        assert point in shown


def test_what_is_here_is_not_said_to_be_coming(page: WelcomePage) -> None:
    def shown() -> str:
        return " ".join(label.text() for label in page.findChildren(QLabel))

    assert "gets ready by itself" in shown()
    page.set_shelf((to_get(DEFAULT_MODEL), here(STARTER)))
    assert "gets ready by itself" not in shown()
    assert "is here and ready, so you can begin at once" in shown()
    assert "takes a download" in shown()
    page.set_shelf((here(DEFAULT_MODEL), here(STARTER)))
    assert "takes a download" not in shown()


def test_one_can_begin_before_any_model_is_known(qtbot: QtBot) -> None:
    page = WelcomePage()
    qtbot.addWidget(page)
    page.show()
    with qtbot.waitSignal(page.begin_requested):
        qtbot.mouseClick(page.begin_button, LEFT)
    [open_button] = [b for b in page.findChildren(QPushButton) if b.text() == "Open a text…"]
    with qtbot.waitSignal(page.open_requested):
        qtbot.mouseClick(open_button, LEFT)


def test_presses_on_cards_are_passed_on(page: WelcomePage, qtbot: QtBot) -> None:
    card = next(card for card in cards(page) if card.item.id == DEFAULT_MODEL)
    with qtbot.waitSignal(page.get_requested) as asked:
        qtbot.mouseClick(button(card, "get"), LEFT)
    assert asked.args == [DEFAULT_MODEL, ()]
    page.set_activity(DEFAULT_MODEL, GETTING)
    with qtbot.waitSignal(page.pause_requested) as asked:
        qtbot.mouseClick(button(card, "pause"), LEFT)
    assert asked.args == [DEFAULT_MODEL]
    with qtbot.waitSignal(page.cancel_requested) as asked:
        qtbot.mouseClick(button(card, "cancel"), LEFT)
    assert asked.args == [DEFAULT_MODEL]
    page.set_activity(DEFAULT_MODEL, None)
    page.set_shelf((here(DEFAULT_MODEL),))
    with qtbot.waitSignal(page.use_requested) as asked:
        qtbot.mouseClick(button(card, "use"), LEFT)
    assert asked.args == [DEFAULT_MODEL, Precision.INT8]


def test_a_model_that_is_here_is_not_looked_after_on_this_page(page: WelcomePage) -> None:
    page.set_shelf((here(DEFAULT_MODEL),))
    card = next(card for card in cards(page) if card.item.id == DEFAULT_MODEL)
    assert [action.text().split(":")[0] for action in card.menu.actions()] == [
        "Also build as 4 bit",
        "Also build as full precision",
        "Also build as half precision",
    ]


def test_the_one_that_speaks_is_marked(page: WelcomePage) -> None:
    page.set_shelf((here(DEFAULT_MODEL), here(STARTER)))
    page.set_used(STARTER, Precision.INT8)
    marks = {card.item.id: card.findChild(QLabel, "modelMark").text() for card in cards(page)}
    assert marks == {DEFAULT_MODEL: "", STARTER: "In use"}
    page.set_used("mine", Precision.INT8)
    assert not any(card.findChild(QLabel, "modelMark").text() for card in cards(page))


def test_others_activities_are_no_concern_of_this_page(page: WelcomePage) -> None:
    page.set_activity("gpt2-large", GETTING)
    page.set_activity("added:/home/me/tiny", GETTING)
    assert len(cards(page)) == 2
    assert all(button(card, "get").isVisible() for card in cards(page))


def test_the_shelf_read_again_leaves_cards_and_focus_where_they_are(page: WelcomePage) -> None:
    shelf = (here(DEFAULT_MODEL), to_get(STARTER))
    page.set_shelf(shelf)
    before = cards(page)
    use = button(next(card for card in before if card.item.id == DEFAULT_MODEL), "use")
    page.activateWindow()
    use.setFocus()
    page.set_shelf(shelf)
    assert cards(page) == before
    assert use.hasFocus()


@pytest.mark.parametrize("width", [560, 720, 1180])
def test_cards_are_as_high_as_what_they_show(page: WelcomePage, width: int) -> None:
    page.resize(width, 700)
    page.set_activity(DEFAULT_MODEL, Activity("GPT-2 medium", Step("Beginning")))
    cards(page)
    page.set_activity(DEFAULT_MODEL, GETTING)
    first, second = cards(page)
    for card in (first, second):
        assert card.height() == card.heightForWidth(card.width())
    assert first.x() + first.width() < second.x()
    assert page.horizontalScrollBar().maximum() == 0
