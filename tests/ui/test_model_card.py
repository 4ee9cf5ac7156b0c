"""A card says what a model is and offers what can be done with it, no more."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.ui.shelf_items import DEFAULT_MODEL, IMPORTED_KIND, PROBLEM, STARTER, damaged, here, to_get
from writer.models.precision import Precision
from writer.models.progress import Step
from writer.models.shelf import ShelfItem
from writer.ui.library import Activity
from writer.ui.model_card import ModelCard

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
GETTING = Activity(
    "GPT-2 medium", Step("Downloading", 1, 4, "380 MB of 1.5 GB · 9.0 MB/s · 2 min left"), can_pause=True
)
CHECKING = Activity("GPT-2 medium", Step("Checking every byte", 1, 2))
OWN = ShelfItem("mine", None, here("mine").model)
LOST = ShelfItem("mine", None, None, "The model mine is damaged (its description cannot be read).", "Type something.")
BEGUN = ShelfItem("tiny", None, None, is_begun=True, begun_bytes=120_000_000, repository="someone/tiny")
SHIPPED = replace(here(STARTER), is_shipped=True)
BROKEN = replace(SHIPPED, problem=PROBLEM, remedy="Install Writer again.")


class Page(QWidget):
    """A card between two fields, to which the focus could stray."""

    def __init__(self, item: ShelfItem) -> None:
        super().__init__()
        self.before, self.card, self.after = QLineEdit(), ModelCard(item), QLineEdit()
        layout = QVBoxLayout(self)
        for widget in (self.before, self.card, self.after):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.asked: list[tuple[Any, ...]] = []
        for name in ("get", "pause", "cancel", "use", "verify", "remove"):
            signal = getattr(self.card, f"{name}_requested")
            signal.connect(lambda *values, name=name: self.asked.append((name, *values)))


@pytest.fixture
def show(qtbot: QtBot) -> Any:
    def show(item: ShelfItem, activity: Activity | None = None, used: Precision | None = None) -> Page:
        page = Page(item)
        qtbot.addWidget(page)
        page.card.set_activity(activity)
        page.card.set_used(used)
        page.resize(319, 700)
        with qtbot.waitExposed(page):
            page.show()
        page.activateWindow()
        return page

    return show


def buttons(card: ModelCard) -> list[QPushButton]:
    return [button for button in card.findChildren(QPushButton) if button.isVisible()]


def names(card: ModelCard) -> list[str]:
    return [button.objectName() for button in buttons(card)]


def button(card: ModelCard, name: str) -> QPushButton:
    [found] = [button for button in buttons(card) if button.objectName() == name]
    return found


def text(card: ModelCard, name: str) -> str:
    """Of a label that is seen."""
    found = card.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found.text() if found.isVisible() else ""


def actions(card: ModelCard) -> dict[str, QAction]:
    return {action.text(): action for action in card.menu.actions() if not action.isSeparator()}


def more(card: ModelCard) -> QToolButton:
    found = card.findChild(QToolButton)
    assert isinstance(found, QToolButton)
    return found


@pytest.mark.parametrize(
    ("item", "activity", "used", "shown", "mark", "has_more"),
    [
        (to_get(), None, None, ["get"], "Recommended", True),
        (to_get("gpt2"), None, None, ["get"], "", True),
        (to_get(is_begun=True), None, None, ["resume", "cancel"], "Paused", True),
        (to_get(), GETTING, None, ["pause", "cancel"], "Recommended", False),
        (to_get("gpt2", is_begun=True), GETTING, None, ["pause", "cancel"], "", False),
        (here(), None, None, ["use"], "", True),
        (here(), None, Precision.INT8, [], "In use", True),
        (here(DEFAULT_MODEL, Precision.INT8, Precision.INT4), None, Precision.INT8, ["use"], "In use", True),
        (here(DEFAULT_MODEL, Precision.INT8, Precision.INT4), None, None, ["use", "use"], "", True),
        (here(), CHECKING, None, ["use", "cancel"], "", False),
        (here(), GETTING, None, ["use", "pause", "cancel"], "", False),
        (damaged(), None, None, ["get"], "Damaged", True),
        (OWN, None, None, ["use"], "", True),
        (LOST, None, None, [], "Damaged", True),
        (BEGUN, None, None, ["resume", "cancel"], "Paused", False),
        (replace(BEGUN, repository=""), None, None, ["cancel"], "Paused", False),
        (ShelfItem("added:x", None, None), CHECKING, None, ["cancel"], "", False),
    ],
    ids=[
        "recommended",
        "to get",
        "paused",
        "being got",
        "being got again",
        "here",
        "in use",
        "in use in one of two forms",
        "in two forms",
        "being checked",
        "a further form being built",
        "damaged",
        "one's own",
        "one's own, lost",
        "a repository that was begun",
        "who knows what was begun",
        "being added",
    ],
)
def test_what_can_be_done(
    show: Any,
    item: ShelfItem,
    activity: Activity | None,
    used: Precision | None,
    shown: list[str],
    mark: str,
    has_more: bool,
) -> None:
    card = show(item, activity, used).card
    assert sorted(names(card)) == sorted(shown)
    assert text(card, "modelMark") == mark
    assert more(card).isVisible() == has_more
    for visible in buttons(card):
        assert visible.toolTip(), visible.objectName()
        assert text(card, "modelName") in visible.accessibleName()
        assert "added:" not in visible.accessibleName()
        assert visible.accessibleName().startswith(visible.text())


def test_what_is_offered_is_described(show: Any) -> None:
    card = show(to_get()).card
    assert text(card, "modelName") == "GPT-2 medium"
    assert "made for" in text(card, "modelSummary")
    facts = text(card, "modelFacts")
    for fact in (
        "355 million parameters",
        "MIT (modified by OpenAI)",
        "1.5 GB to download",
        "429 MB on disk",
        "690 MB of",
    ):
        assert fact in facts


def test_what_is_here_shows_what_was_measured(show: Any) -> None:
    card = show(here()).card
    assert text(card, "modelFacts") == "355 million parameters\nLicence: MIT"
    assert text(card, "formName") == "8 bit"
    assert text(card, "formFigures") == (
        "2.0% worse than the original\n42 tokens a second here\n400 MB on disk, 750 MB of memory"
    )
    assert "25.50" in card.findChild(QLabel, "formFigures").toolTip()


def test_full_precision_and_strangers_are_compared_with_nothing(show: Any) -> None:
    for item in (here(DEFAULT_MODEL, Precision.FP32), here("mine", Precision.FP32, source_kind=IMPORTED_KIND)):
        assert "original" not in text(show(item).card, "formFigures")


def test_a_licence_that_nobody_stated_and_a_title_that_is_markup(show: Any) -> None:
    card = show(here("mine", title="<b>Mine</b>", licence="")).card
    assert "Licence: not stated" in text(card, "modelFacts")
    assert card.findChild(QLabel, "modelName").textFormat() == Qt.TextFormat.PlainText


def test_progress(show: Any) -> None:
    card = show(to_get(), GETTING).card
    bar = card.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)
    assert text(card, "activityStage") == "Downloading · 25%"
    assert text(card, "activityFigures") == GETTING.step.figures
    assert (bar.value(), bar.maximum()) == (250, 1000)
    card.set_activity(Activity("GPT-2 medium", Step("Building")))
    assert text(card, "activityStage") == "Building"
    assert text(card, "activityFigures") == ""
    assert bar.maximum() == 0  # nobody knows how long
    card.set_activity(None)
    assert text(card, "activityStage") == ""
    assert not bar.isVisible()


def test_a_model_that_is_being_added_goes_by_the_name_it_came_with(show: Any) -> None:
    card = show(ShelfItem("added:/home/me/tiny", None, None), Activity("tiny", Step("Waiting"))).card
    assert text(card, "modelName") == "tiny"
    assert button(card, "cancel").accessibleName() == "Cancel: tiny"


def test_each_press_is_told(show: Any, qtbot: QtBot) -> None:
    for item, activity, name, asked in (
        (to_get(), None, "get", ("get", DEFAULT_MODEL, ())),
        (to_get(is_begun=True), None, "resume", ("get", DEFAULT_MODEL, ())),
        (to_get(is_begun=True), None, "cancel", ("cancel", DEFAULT_MODEL)),
        (to_get(), GETTING, "pause", ("pause", DEFAULT_MODEL)),
        (to_get(), GETTING, "cancel", ("cancel", DEFAULT_MODEL)),
        (damaged(), None, "get", ("get", DEFAULT_MODEL, ())),
        (here(DEFAULT_MODEL, Precision.INT4), None, "use", ("use", DEFAULT_MODEL, Precision.INT4)),
    ):
        page = show(item, activity)
        qtbot.mouseClick(button(page.card, name), LEFT)
        assert page.asked == [asked]


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (to_get(), ["Get as 4 bit", "Get as full precision", "Get as half precision"]),
        (
            here(),
            ["Also build as 4 bit", "Also build as full precision", "Also build as half precision", "Check every byte"],
        ),
        (
            here(DEFAULT_MODEL, Precision.INT4, Precision.FP32, Precision.FP16),
            ["Also build as 8 bit", "Check every byte"],
        ),
        (damaged(), ["Get as 4 bit", "Get as full precision", "Get as half precision", "Check every byte"]),
        (OWN, ["Check every byte"]),
        (LOST, []),
        (
            SHIPPED,
            ["Also build as 4 bit", "Also build as full precision", "Also build as half precision", "Check every byte"],
        ),
        (BROKEN, ["Get as 4 bit", "Get as full precision", "Get as half precision", "Check every byte"]),
    ],
    ids=["to get", "here", "in other forms", "damaged", "one's own", "one's own, lost", "shipped", "shipped, damaged"],
)
def test_the_menu(show: Any, item: ShelfItem, shown: list[str]) -> None:
    menu = list(actions(show(item).card))
    removal = ["Remove…"] if item.is_installed and not item.is_shipped else []
    assert [entry.split(":")[0] for entry in menu] == shown + removal


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (damaged(), "Press Get again."),
        (LOST, "Remove it, and add it again."),
        (BROKEN, "Install Writer again, or press Get again."),
        (replace(BROKEN, entry=None), "Install Writer again."),
    ],
    ids=["damaged", "one's own", "shipped", "shipped, in no catalogue"],
)
def test_a_damaged_model_says_what_to_press(show: Any, item: ShelfItem, words: str) -> None:
    card = show(item).card
    assert text(card, "modelProblem") == f"{item.problem} {words}"
    assert ("Get again" in words) == ("get" in names(card))
    assert "get" not in names(card) or button(card, "get").text() == "Get again"


def test_p03_a_model_of_a_newer_writer_is_not_got_over(show: Any) -> None:
    told = "A newer Writer built the model gpt2-medium, and this one cannot read it."
    item = replace(damaged(), model=None, problem=told, remedy="Update Writer.", is_from_newer=True)
    card = show(item).card
    assert text(card, "modelProblem") == f"{told} Update Writer."
    assert "get" not in names(card)
    assert "resume" not in names(card)


def test_what_has_been_begun_says_how_much_has_arrived(show: Any) -> None:
    card = show(BEGUN).card
    assert (text(card, "modelName"), text(card, "modelFacts")) == ("someone/tiny", "120 MB have arrived")
    facts = text(show(replace(to_get(is_begun=True), begun_bytes=1_200_000_000)).card, "modelFacts")
    assert facts.splitlines()[-1] == "1.2 GB have arrived"


def test_what_came_with_writer_says_so(show: Any) -> None:
    assert "A part of Writer" in text(show(SHIPPED).card, "modelFacts").splitlines()
    assert "A part of Writer" not in text(show(here(STARTER)).card, "modelFacts")


def test_removal_of_what_hides_a_part_of_writer(show: Any) -> None:
    card = show(replace(here(STARTER), hides_shipped=True)).card
    actions(card)["Remove…"].trigger()
    assert text(card, "removalQuestion").endswith("; the one that Writer came with takes its place.")


def test_the_menu_asks_for_what_it_says(show: Any) -> None:
    page = show(here())
    menu = actions(page.card)
    next(action for name, action in menu.items() if "4 bit" in name).trigger()
    menu["Check every byte"].trigger()
    assert page.asked == [("get", DEFAULT_MODEL, (Precision.INT4,)), ("verify", DEFAULT_MODEL)]


# -- removing ------------------------------------------------------------------------------------------------------


def test_removal_asks_inside_the_card(show: Any, qtbot: QtBot) -> None:
    page = show(damaged())
    card = page.card
    actions(card)["Remove…"].trigger()
    assert names(card) == ["remove", "keep"]
    assert text(card, "removalQuestion") == "Remove this model? 400 MB become free; getting it again takes a download."
    assert button(card, "keep").hasFocus()  # a stray Space removes nothing
    assert page.asked == []
    qtbot.mouseClick(button(card, "keep"), LEFT)
    assert names(card) == ["get"]
    assert text(card, "removalQuestion") == ""
    actions(card)["Remove…"].trigger()
    qtbot.mouseClick(button(card, "remove"), LEFT)
    assert page.asked == [("remove", DEFAULT_MODEL)]


def test_removal_of_ones_own_says_that_it_is_final(show: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    card = show(LOST).card
    actions(card)["Remove…"].trigger()
    assert text(card, "removalQuestion") == "Remove this model? Writer cannot bring it back."


def test_the_model_in_use_cannot_be_removed(show: Any) -> None:
    card = show(here(), used=Precision.INT8).card
    remove = actions(card)["Remove…"]
    assert not remove.isEnabled()
    assert "use another model first" in remove.toolTip()
    card.set_used(None)
    assert actions(card)["Remove…"].isEnabled()


@pytest.mark.parametrize("change", ["used", "busy", "other"])
def test_a_question_that_has_been_overtaken_goes_away(show: Any, change: str) -> None:
    card = show(LOST).card
    actions(card)["Remove…"].trigger()
    if change == "used":
        card.set_item(here())
        actions(card)["Remove…"].trigger()
        card.set_used(Precision.INT8)
    elif change == "busy":
        card.set_activity(CHECKING)
    else:
        card.set_item(here())
    assert text(card, "removalQuestion") == ""
    assert "remove" not in names(card)


def test_a_question_is_closed_unanswered_when_the_panel_is_left(show: Any) -> None:
    card = show(LOST).card
    actions(card)["Remove…"].trigger()
    assert text(card, "removalQuestion")
    card.window().hide()
    card.window().show()
    assert text(card, "removalQuestion") == ""
    assert "remove" not in names(card)


# -- focus ---------------------------------------------------------------------------------------------------------


def focus_is_in(card: ModelCard) -> bool:
    QApplication.processEvents()
    focused = QApplication.focusWidget()
    return focused is not None and focused.isVisible() and card.isAncestorOf(focused)


@pytest.mark.parametrize(
    ("item", "activity", "focused", "then"),
    [
        (to_get(), None, "get", lambda card: card.set_activity(GETTING)),
        (to_get(), GETTING, "pause", lambda card: card.set_activity(None)),
        (to_get(), GETTING, "pause", lambda card: (card.set_activity(None), card.set_item(to_get(is_begun=True)))),
        (to_get(), GETTING, "cancel", lambda card: (card.set_activity(None), card.set_item(here()))),
        (to_get(), GETTING, "cancel", lambda card: (card.set_item(here()), card.set_activity(None))),
        (here(), None, "use", lambda card: card.set_used(Precision.INT8)),
        (here(), None, "use", lambda card: card.set_item(damaged())),
        (here(), CHECKING, "cancel", lambda card: card.set_activity(None)),
    ],
    ids=["get", "pause", "paused", "arrived", "arrived first", "use", "damaged", "checked"],
)
def test_the_focus_stays_in_the_card(
    show: Any, item: ShelfItem, activity: Activity | None, focused: str, then: Any
) -> None:
    page = show(item, activity)
    button(page.card, focused).setFocus()
    assert focus_is_in(page.card)
    then(page.card)
    assert focus_is_in(page.card)


def test_the_tab_key_goes_from_top_to_bottom(show: Any, qtbot: QtBot) -> None:
    page = show(here(DEFAULT_MODEL, Precision.INT8, Precision.INT4), GETTING)
    page.before.setFocus()
    reached: list[str] = []
    while not page.after.hasFocus():
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget().accessibleName())
    assert reached == [
        "Use GPT-2 medium as 8 bit",
        "Use GPT-2 medium as 4 bit",
        "Pause: GPT-2 medium",
        "Cancel: GPT-2 medium",
        "",
    ]


def test_the_focus_elsewhere_is_left_alone(show: Any) -> None:
    page = show(to_get())
    page.after.setFocus()
    page.card.set_activity(GETTING)
    page.card.set_activity(None)
    page.card.set_item(here())
    page.card.set_used(Precision.INT8)
    assert page.after.hasFocus()
