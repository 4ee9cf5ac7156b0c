"""Marks and the horizon stand beside their text, follow it, and answer the mouse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from writer.document.change import Change
from writer.document.document import Document
from writer.document.provenance import Author
from writer.ui.editor import Editor
from writer.ui.mirror import Utf16Map
from writer.ui.page_margin import HORIZON_TOOLTIP, PageMargin, PageMark
from writer.ui.theme import LIGHT

TEXT = (
    "😀 One line.\n"
    + "A paragraph of so many words that it takes two rows of the page, or more than that. " * 2
    + "\nLast."
)


def make(qtbot: QtBot, text: str = TEXT, width: int = 900) -> tuple[Document, Editor]:
    document = Document(text)
    editor = Editor(document, LIGHT)
    qtbot.addWidget(editor)
    editor.resize(width, 400)
    editor.show()
    QApplication.processEvents()
    return document, editor


def sign_of(editor: Editor, mark_id: str) -> QPoint:
    """Middle of a mark's sign, in the viewport."""
    signs = editor._margin._signs(0, 10_000)
    (area,) = [area for mark, area in signs if mark.id == mark_id]
    return area.center() - QPoint(0, editor.verticalScrollBar().value())


def row_of(editor: Editor, index: int) -> int:
    """Middle of the row that character `index` is in, in the viewport."""
    cursor = editor.textCursor()
    cursor.setPosition(editor._map.to_utf16(index))
    return editor.cursorRect(cursor).center().y()


EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.text("xy", max_size=4)), max_size=8)


pytestmark = pytest.mark.usefixtures("steady_caret")


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(1, 20), EDITS)
def test_places_follow_the_text(
    qapp: QApplication, places: list[int], horizon: int, edits: list[tuple[float, int, str]]
) -> None:
    """Against the letter that each place stands before: a place goes with it, and to the gap where it was removed."""
    margin = PageMargin(None, Utf16Map(""))  # type: ignore[arg-type]  # nothing is drawn
    margin.set_marks(tuple(PageMark(str(n), place, "") for n, place in enumerate(places)))
    margin.horizon = horizon
    text: list[object] = [f"letter {n}" for n in range(21)]
    wanted: dict[int, object] = {**dict(enumerate(places)), -1: horizon}
    for share, n_removed, inserted in edits:
        start = int(share * (len(text) - 1))
        removed = text[start : min(start + n_removed, len(text) - 1)]
        end = start + len(removed)
        for key, place in wanted.items():
            assert isinstance(place, int)
            if start < place < end:
                wanted[key] = start
            elif place >= end and place > start:
                wanted[key] = text[place]
        text[start:end] = list(inserted)
        for key, letter in wanted.items():
            if isinstance(letter, str):
                wanted[key] = text.index(letter)
        margin.follow(Change(start, "r" * len(removed), inserted, Author.HUMAN))
        text[:] = [f"letter {n} of {len(text)}" for n in range(len(text))]
    assert {int(mark.id): mark.place for mark in margin.marks} | {-1: margin.horizon} == wanted


def test_marks_move_with_the_page(qtbot: QtBot) -> None:
    document, editor = make(qtbot)
    editor.set_marks((PageMark("b", 100, "second"), PageMark("a", 2, "first")))
    assert [mark.id for mark in editor.marks] == ["a", "b"]
    assert sign_of(editor, "a").y() == pytest.approx(row_of(editor, 2), abs=4)
    assert sign_of(editor, "b").y() == pytest.approx(row_of(editor, 100), abs=4)
    document.replace(0, 0, "Before.\n", Author.MODEL)
    assert [mark.place for mark in editor.marks] == [10, 108]
    assert sign_of(editor, "a").y() == pytest.approx(row_of(editor, 10), abs=4)
    editor.set_caret(0)
    QTest.keyClicks(editor, "xx")
    assert [mark.place for mark in editor.marks] == [12, 110]
    editor.set_document(Document("another"))
    assert editor.marks == ()
    assert editor.horizon is None


def test_a_click_on_a_mark_is_not_one_in_the_text(qtbot: QtBot) -> None:
    _, editor = make(qtbot)
    editor.set_caret(5)
    editor.set_marks((PageMark("a", 2, ""), PageMark("b", 2, ""), PageMark("c", 100, "")))
    clicked: list[str] = []
    in_page: list[int] = []
    editor.mark_clicked.connect(clicked.append)
    editor.click_in_page.connect(lambda: in_page.append(editor.caret))
    for mark_id in "abc":
        QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=sign_of(editor, mark_id))
    QTest.mouseDClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=sign_of(editor, "c"))
    assert clicked[:3] == ["a", "b", "c"]
    assert editor.selection == (5, 5)
    assert in_page == []
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(690, 390))
    assert in_page == [len(TEXT)]  # told when the caret is there


def test_marks_of_a_narrow_page_stay_in_its_margin(qtbot: QtBot) -> None:
    _, editor = make(qtbot, width=300)
    editor.set_marks(tuple(PageMark(str(n), 2, "") for n in range(9)))
    for _, area in editor._margin._signs(0, 1000):
        assert area.right() < editor.viewport().width()
        assert area.left() >= editor._layout.metrics.left + editor._layout.metrics.width


def move(editor: Editor, point: QPoint) -> None:
    no_button = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(point),
        QPointF(editor.viewport().mapToGlobal(point)),
        no_button,
        no_button,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(editor.viewport(), event)


def test_a_hand_over_a_mark_and_a_beam_over_the_text(qtbot: QtBot) -> None:
    _, editor = make(qtbot)
    editor.set_marks((PageMark("a", 2, ""),))
    plain = editor.grab().toImage()
    move(editor, sign_of(editor, "a"))
    assert editor.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert editor.grab().toImage() != plain
    move(editor, QPoint(200, 70))
    assert editor.viewport().cursor().shape() == Qt.CursorShape.IBeamCursor


def tooltip(editor: Editor, point: QPoint) -> str:
    move(editor, point)
    return editor.viewport().toolTip()


def test_tooltips_tell_plainly(qtbot: QtBot) -> None:
    _, editor = make(qtbot)
    editor.set_marks((PageMark("a", 2, "3 takes <b>here</b>"),))
    editor.set_horizon(100)
    assert tooltip(editor, sign_of(editor, "a")) == "<qt>3 takes &lt;b&gt;here&lt;/b&gt;</qt>"
    assert HORIZON_TOOLTIP in tooltip(editor, QPoint(20, row_of(editor, 100)))
    assert tooltip(editor, QPoint(20, row_of(editor, 2))) == ""
    assert tooltip(editor, QPoint(200, row_of(editor, 100))) == ""


def left_margin(editor: Editor) -> QPixmap:
    return editor.viewport().grab(QRect(0, 0, editor._layout.metrics.left - 4, editor.viewport().height()))


def test_the_horizon_is_a_line_in_the_left_margin_at_its_row(qtbot: QtBot) -> None:
    document, editor = make(qtbot)
    empty = left_margin(editor).toImage()
    editor.set_horizon(0)  # the model remembers all
    assert left_margin(editor).toImage() == empty
    editor.set_horizon(100)
    drawn = left_margin(editor).toImage()
    changed = [y for y in range(drawn.height()) if any(drawn.pixel(x, y) != empty.pixel(x, y) for x in range(100))]
    row, height = row_of(editor, 100), editor._layout.metrics.line_height
    assert row - height <= min(changed) <= row
    assert max(changed) <= row + height // 2  # the label stays in its row
    document.replace(0, 100, "", Author.MODEL)
    assert editor.horizon == 0
    assert left_margin(editor).toImage() == empty


class Paints(QObject):
    """Whether each paint of the page reaches into `area`."""

    def __init__(self, editor: Editor, area: QRect) -> None:
        super().__init__(editor)
        self._area = area
        self.reach: list[bool] = []
        editor.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.reach.append(event.region().intersects(self._area))
        return False


def test_marks_and_horizon_repaint_the_margins_alone(qtbot: QtBot) -> None:
    _, editor = make(qtbot)
    page = editor._layout.metrics
    paints = Paints(editor, QRect(page.left, 0, page.width, editor.viewport().height()))
    marks = (PageMark("a", 2, ""),)
    for change in (lambda: editor.set_marks(marks), lambda: editor.set_horizon(50)):
        paints.reach.clear()
        change()
        QApplication.processEvents()
        assert paints.reach == [False]
        change()  # the same once more
        QApplication.processEvents()
        assert paints.reach == [False]
