"""The tree of takes: what of a take's relations is shown, and going from one to another."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui.take_records import FEW, take
from writer.document.takes.take_record import TakeRecord
from writer.ui.takes_tree import Ancestry, TakesTree, TreeRow

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def drawn(rows: list[TreeRow]) -> list[str]:
    """The lines as one sees them."""
    found = []
    for row in rows:
        passing = "".join("| " if passes else "  " for passes in row.lines)
        joint = "" if not row.depth else "`-" if row.is_last else "|-"
        found.append(f"{passing}{joint}{row.record.id if row.record else f'({row.n_more})'}")
    return found


def line(length: int) -> list[TakeRecord]:
    return [take(f"t{n}", parent=f"t{n - 1}" if n else None) for n in range(length)]


# -- what is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["lamp", "wind"])
def test_relations_stand_around_a_take(id_: str) -> None:
    rows = Ancestry(FEW).around(id_)
    assert drawn(rows) == ["lamp", "|-steps", "`-wind"]


def test_what_grew_from_a_take_stands_below_it() -> None:
    assert drawn(Ancestry(FEW).around("steps")) == ["lamp", "|-steps", "| `-keys", "`-wind"]
    assert drawn(Ancestry(FEW).around("keys")) == ["lamp", "`-steps", "  `-keys"]


def test_a_take_without_relations_has_no_tree() -> None:
    assert Ancestry([take("one"), take("two")]).around("two") == []


def test_of_a_long_line_the_nearest_are_shown() -> None:
    assert drawn(Ancestry(line(5_000)).around("t4000")) == ["(3998)", "t3998", "`-t3999", "  `-t4000", "    `-t4001"]


def test_of_many_that_grew_from_the_same_some_are_shown_with_the_one_looked_at() -> None:
    ancestry = Ancestry([take("root"), *(take(f"c{n}", parent="root") for n in range(40))])
    assert drawn(ancestry.around("c20")) == ["root", "|-c18", "|-c19", "|-c20", "|-c21", "|-c22", "`-(35)"]
    assert drawn(ancestry.around("root")) == ["root", "|-c0", "|-c1", "|-c2", "|-c3", "`-(36)"]


def test_a_parent_that_is_lost_or_comes_round_again_harms_nothing() -> None:
    assert Ancestry([take("one", parent="gone")]).around("one") == []
    circle = Ancestry([take("one", parent="two"), take("two", parent="one")])
    assert drawn(circle.around("two")) == ["one", "`-two"]


def test_the_parent_of_a_take() -> None:
    ancestry = Ancestry(FEW)
    assert ancestry.parent("keys") == FEW[1]
    assert ancestry.parent("lamp") is None


# -- going from one to another -------------------------------------------------------------------------------------


@pytest.fixture
def shown(qtbot: QtBot) -> TakesTree:
    shown = TakesTree()
    qtbot.addWidget(shown)
    shown.resize(280, 150)
    shown.show_rows(Ancestry(FEW).around("steps"), "steps")
    with qtbot.waitExposed(shown):
        shown.show()
    return shown


def test_a_click_chooses_another_take(shown: TakesTree, qtbot: QtBot) -> None:
    def click(row: int) -> None:
        place = shown.visualRect(shown.model().index(row, 0)).center()
        qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=place)

    with qtbot.waitSignal(shown.take_chosen) as chosen:
        click(2)
    assert chosen.args == ["keys"]
    with qtbot.assertNotEmitted(shown.take_chosen):
        click(1)  # the one that is shown


def test_so_do_the_arrow_keys_and_enter(shown: TakesTree, qtbot: QtBot) -> None:
    shown.setFocus()
    qtbot.keyClick(shown, Qt.Key.Key_Up)
    with qtbot.waitSignal(shown.take_chosen) as chosen:
        qtbot.keyClick(shown, Qt.Key.Key_Return)
    assert chosen.args == ["lamp"]


def test_lines_that_only_count_cannot_be_chosen(shown: TakesTree) -> None:
    shown.show_rows(Ancestry(line(9)).around("t8"), "t8")
    assert not shown.model().index(0, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    assert shown.model().index(0, 0).data() == "6 earlier"
    assert shown.model().index(1, 0).flags() & Qt.ItemFlag.ItemIsEnabled


def test_each_line_says_what_it_is(shown: TakesTree) -> None:
    said = [shown.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert said[1].startswith("Generation 2, the one shown, used in part: She counted the steps.")
    assert said[3].startswith("Generation 2, not used: It was the wind")


def test_without_relations_it_takes_no_room(shown: TakesTree) -> None:
    shown.show_rows([], "steps")
    assert not shown.isVisible()
