"""The page of text from before: what it tells of each draft, and that nothing goes by a slip."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from writer.document.drafts.recovery import DraftFound, DraftState
from writer.ui.draft_card import DraftCard, place_text
from writer.ui.recovery_page import RecoveryPage

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
NOW = datetime(2025, 3, 5, 15, 0, tzinfo=timezone(timedelta(hours=2)))


def draft(
    number: int,
    title: str = "Novel.md",
    path: Path | None = Path("/texts/Novel.md"),
    state: DraftState = DraftState.WHOLE,
    problem: str = "",
    *,
    in_use: bool = False,
    n_words: int = 48_112,
) -> DraftFound:
    changed = NOW - timedelta(minutes=4)
    journal = Path(f"/recovery/{number}.journal")
    return DraftFound(journal, str(number), title, path, n_words, changed, number, state, problem, in_use)


NOVEL = draft(3)
UNTITLED = draft(2, "", None, DraftState.PARTIAL, "The last edit is incomplete.", n_words=1)
NEWER = draft(1, "<b>Later</b>", state=DraftState.NEWER, problem="It needs Writer 2.0 or later.")
DRAFTS = (NOVEL, UNTITLED, NEWER)


@pytest.fixture
def page(qtbot: QtBot) -> RecoveryPage:
    page = RecoveryPage()
    qtbot.addWidget(page)
    page.resize(900, 640)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    settle()
    return page


def settle() -> None:
    for _ in range(4):  # a layout within a layout is arranged in several rounds
        QApplication.processEvents()


def cards(page: RecoveryPage) -> list[DraftCard]:
    """From the top down."""
    settle()
    return sorted((card for card in page.findChildren(DraftCard) if card.isVisible()), key=lambda card: card.y())


def shown(widget: QWidget) -> list[str]:
    labels = [label for label in widget.findChildren(QLabel) if label.isVisible()]
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    return [label.text() for label in sorted(labels, key=lambda label: label.y())]


def button(page: RecoveryPage, name: str) -> QPushButton:
    found = page.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def preview(page: RecoveryPage) -> QPlainTextEdit:
    found = page.findChild(QPlainTextEdit, "preview")
    assert isinstance(found, QPlainTextEdit)
    return found


def wait_out_double_click(qtbot: QtBot) -> None:
    qtbot.wait(QApplication.doubleClickInterval() + 50)


# -- what is shown -------------------------------------------------------------------------------------------------


def test_each_draft_tells_what_it_is(page: RecoveryPage) -> None:
    page.set_drafts(DRAFTS, NOW)
    assert [shown(card) for card in cards(page)] == [
        ["Novel.md", "/texts", "Last changed today at 14:56\n48,112 words"],
        ["Untitled", "Never saved to a file", "Last changed today at 14:56\n1 word", "The last edit is incomplete."],
        ["<b>Later</b>", "/texts", "Last changed today at 14:56\n48,112 words", "It needs Writer 2.0 or later."],
    ]
    assert cards(page)[1].accessibleName().startswith("Untitled, Never saved to a file, ")


def test_the_promise_is_on_the_page(page: RecoveryPage) -> None:
    page.set_drafts(DRAFTS, NOW)
    assert "Nothing here is deleted by itself." in page.findChild(QLabel, "promise").text()
    assert "30 days" in page.findChild(QLabel, "trashNote").text()
    assert page.findChild(QLabel, "pageHeading").text() == "Text from before"


def test_the_home_folder_is_written_as_people_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert place_text(tmp_path / "Texts" / "a.md") == str(Path("~/Texts"))
    assert place_text(tmp_path.parent / "a.md") == str(tmp_path.parent)


def test_the_newest_is_chosen_and_its_text_asked_for(page: RecoveryPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.chosen) as asked:
        page.set_drafts(DRAFTS, NOW)
    assert asked.args == [NOVEL]
    assert [card.isChecked() for card in cards(page)] == [True, False, False]
    assert preview(page).placeholderText() == "Reading…"


def test_the_end_of_a_long_text_is_shown(page: RecoveryPage) -> None:
    page.set_drafts(DRAFTS, NOW)
    text = "\n".join(f"line {number}" for number in range(2_000))
    page.set_preview(NOVEL, text)
    settle()
    assert preview(page).toPlainText().startswith("…")
    assert preview(page).toPlainText().endswith("line 1998\nline 1999")
    bar = preview(page).verticalScrollBar()
    assert bar.value() >= bar.maximum() - 1 > 0
    assert preview(page).isReadOnly()


def test_text_is_never_markup_and_half_a_character_does_no_harm(page: RecoveryPage) -> None:
    page.set_drafts(DRAFTS, NOW)
    page.set_preview(NOVEL, "<b>bold</b>\n\ud83d\r\nend")
    assert preview(page).toPlainText() == "<b>bold</b>\n\ufffd\u200b\nend"


def test_a_late_preview_of_another_draft_is_dropped(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    qtbot.mouseClick(cards(page)[1], LEFT)
    page.set_preview(NOVEL, "the novel")
    assert preview(page).toPlainText() == ""
    page.set_preview(UNTITLED, "a page")
    assert preview(page).toPlainText() == "a page"
    qtbot.mouseClick(cards(page)[0], LEFT)
    assert preview(page).toPlainText() == ""


def test_a_problem_that_shows_when_it_is_read(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    problem = page.findChild(QLabel, "previewProblem")
    page.set_preview(NOVEL, "", "It cannot be read.")
    assert problem.isVisible()
    assert problem.text() == "It cannot be read."
    assert preview(page).placeholderText() == "There is no text."
    qtbot.mouseClick(cards(page)[1], LEFT)
    page.set_preview(UNTITLED, "text", UNTITLED.problem)  # its card says so already
    assert not problem.isVisible()


def test_without_drafts(page: RecoveryPage, qtbot: QtBot) -> None:
    for _ in range(2):
        assert page.findChild(QLabel, "promise").text() == "No text from before is waiting."
        assert not preview(page).isVisible()
        assert button(page, "back").text() == "Back"
        page.set_drafts(DRAFTS, NOW)
        assert button(page, "back").text() == "Decide later"
        assert preview(page).isVisible()
        page.set_drafts((), NOW)


@pytest.mark.parametrize("width", [380, 639, 640, 1200])
def test_nothing_overlaps(page: RecoveryPage, width: int) -> None:
    page.resize(width, 640)
    page.set_drafts(
        (*DRAFTS, draft(0, "A title that takes more than one line " * 3, problem="It is damaged. " * 9)), NOW
    )
    for card in cards(page):
        labels = sorted((label for label in card.findChildren(QLabel) if label.isVisible()), key=lambda it: it.y())
        for label in labels:
            assert label.height() >= label.heightForWidth(label.width())
        for above, below in pairwise(labels):
            assert above.y() + above.height() <= below.y()
    for above, below in pairwise(cards(page)):
        assert above.y() + above.height() < below.y()
    first = cards(page)[0]
    left = first.mapTo(page, first.rect().topRight()).x() < preview(page).mapTo(page, preview(page).pos()).x()
    assert left == (width >= 640)
    assert preview(page).height() > 100


# -- what it asks for ----------------------------------------------------------------------------------------------


def test_opening_and_comparing(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    for name, signal in (("open", page.open_requested), ("compare", page.compare_requested)):
        with qtbot.waitSignal(signal) as asked:
            qtbot.mouseClick(button(page, name), LEFT)
        assert asked.args == [NOVEL]


def test_what_cannot_be_done_is_not_offered(page: RecoveryPage, qtbot: QtBot) -> None:
    in_use = draft(0, in_use=True)
    page.set_drafts((*DRAFTS, in_use), NOW)

    def offered() -> list[str]:
        names = ("open", "compare", "throw")
        return [name for name in names if button(page, name).isVisible() and button(page, name).isEnabled()]

    expected = [["open", "compare", "throw"], ["open", "throw"], ["throw"], []]
    for card, names in zip(cards(page), expected, strict=True):
        qtbot.mouseClick(card, LEFT)
        assert offered() == names
    assert shown(cards(page)[3])[-1] == "Open in another Writer."


def test_throwing_away_takes_two_presses(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    throw = button(page, "throw")
    with qtbot.assertNotEmitted(page.discard_requested):
        qtbot.mouseClick(throw, LEFT)
    assert throw.text() == "Really throw away"
    wait_out_double_click(qtbot)
    with qtbot.waitSignal(page.discard_requested) as asked:
        qtbot.mouseClick(throw, LEFT)
    assert asked.args == [NOVEL]
    assert throw.text() == "Throw away"


def test_a_double_click_throws_nothing_away(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    with qtbot.assertNotEmitted(page.discard_requested):
        qtbot.mouseClick(button(page, "throw"), LEFT)
        qtbot.mouseDClick(button(page, "throw"), LEFT)
        qtbot.mouseClick(button(page, "throw"), LEFT)
    assert button(page, "throw").text() == "Really throw away"


def test_who_turns_to_something_else_throws_nothing_away(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    throw = button(page, "throw")
    with qtbot.assertNotEmitted(page.discard_requested), qtbot.assertNotEmitted(page.closed):
        for turn in (
            lambda: qtbot.mouseClick(cards(page)[1], LEFT),
            lambda: qtbot.keyClick(throw, Qt.Key.Key_Tab),
            lambda: qtbot.keyClick(throw, Qt.Key.Key_Escape),
            lambda: page.set_drafts(DRAFTS[1:], NOW),
        ):
            throw.setFocus()
            qtbot.mouseClick(throw, LEFT)
            assert throw.text() == "Really throw away"
            turn()
            assert throw.text() == "Throw away"
            wait_out_double_click(qtbot)


def test_after_one_is_gone_its_neighbour_is_chosen(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    qtbot.mouseClick(cards(page)[1], LEFT)
    button(page, "throw").setFocus()
    with qtbot.waitSignal(page.chosen) as asked:
        page.set_drafts((NOVEL, NEWER), NOW)
    assert asked.args == [NEWER]
    assert cards(page)[1].hasFocus()
    page.set_drafts((draft(9), NOVEL, NEWER), NOW)  # one more: the chosen one stays
    assert [card.isChecked() for card in cards(page)] == [False, False, True]
    page.set_drafts((), NOW)
    assert button(page, "back").hasFocus()


def test_keys_choose_and_go_on_to_the_buttons(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    page.setFocus()
    assert cards(page)[0].hasFocus()
    with qtbot.waitSignal(page.chosen) as asked:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    assert asked.args == [UNTITLED]
    reached = []
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert reached == [preview(page), button(page, "open"), button(page, "throw")]  # it has no file to compare with


def test_esc_and_decide_later_close_it(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    page.setFocus()
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    preview(page).setFocus()
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    with qtbot.waitSignal(page.closed):
        qtbot.mouseClick(button(page, "back"), LEFT)


def test_return_and_a_double_click_open_what_can_be_opened(page: RecoveryPage, qtbot: QtBot) -> None:
    page.set_drafts(DRAFTS, NOW)
    asked: list[DraftFound] = []
    page.open_requested.connect(asked.append)
    novel, untitled, newer = cards(page)
    qtbot.keyClick(untitled, Qt.Key.Key_Return)
    assert asked == [UNTITLED]
    qtbot.mouseClick(novel, LEFT)
    qtbot.mouseDClick(novel, LEFT)
    assert asked == [UNTITLED, NOVEL]
    qtbot.keyClick(newer, Qt.Key.Key_Return)
    assert asked == [UNTITLED, NOVEL], "it needs a newer Writer"
