"""The graph tells how often suggestions were taken, and where the threshold lies."""

import math

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from writer.assist.calibration import Acceptance
from writer.ui import theme as themes
from writer.ui.acceptance_graph import AcceptanceGraph

# Qt says so for every top-level window and tooltip without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", "does not support raise")

BASE = 108  # the axis, below which the mark stands

RISING = [(0.1, 0.0, 20), (0.3, 0.1, 20), (0.5, 0.3, 10), (0.7, 0.5, 10), (0.9, 0.8, 5)]


@pytest.fixture
def graph(qtbot: QtBot, qapp: QApplication) -> AcceptanceGraph:
    qapp.setPalette(themes.palette(themes.LIGHT))
    graph = AcceptanceGraph()
    qtbot.addWidget(graph)
    graph.resize(286, 128)
    with qtbot.waitExposed(graph):
        graph.show()
    return graph


def columns_of(graph: AcceptanceGraph, token: str, n_ranges: int = 5) -> set[int]:
    """The ranges whose bars have the colour."""
    image: QImage = graph.grab().toImage()
    wanted = QColor(getattr(themes.LIGHT, token)).rgb()
    width = image.width()
    hits = [x for x in range(width) for y in range(BASE) if image.pixel(x, y) == wanted]
    return {n_ranges * x // width for x in set(hits)}


@pytest.mark.parametrize(
    ("one_in", "least", "n_dim"), [(1, None, 5), (2, 0.7, 3), (4, 0.5, 2), (10, 0.3, 1)], ids=lambda value: str(value)
)
def test_the_threshold_is_where_every_surer_kind_was_taken_often_enough(
    graph: AcceptanceGraph, one_in: int, least: float | None, n_dim: int
) -> None:
    graph.set_acceptance(RISING, one_in)
    assert graph.threshold == least
    assert columns_of(graph, "scroll") == set(range(n_dim))
    assert columns_of(graph, "accent") == set(range(n_dim, 5))


def test_a_lucky_streak_of_the_unsure_does_not_open_the_gate(graph: AcceptanceGraph) -> None:
    graph.set_acceptance([(0.1, 1.0, 1), *RISING[1:]], 4)
    assert graph.threshold == 0.5


def test_the_gates_own_threshold_counts_when_it_is_given(graph: AcceptanceGraph) -> None:
    graph.set_acceptance(RISING, 4, 0.65)
    assert graph.threshold == 0.65
    assert columns_of(graph, "accent") == {3, 4}
    graph.set_one_in(10)  # the old threshold belongs to the old number
    assert graph.threshold == 0.3


def test_before_there_is_data_it_says_so(graph: AcceptanceGraph) -> None:
    for curve in ([], [(0.5, 0.25, 0)]):
        graph.set_acceptance(curve, 4)
        assert graph.n_shown == 0
        assert graph.threshold is None
        assert "Nothing to show yet" in graph.accessibleDescription()
        assert columns_of(graph, "accent") == set()


def test_one_bar_alone_and_shares_of_nothing(graph: AcceptanceGraph) -> None:
    graph.set_acceptance([(-2.5, 0.0, 3)], 4)  # log-probabilities do as well
    assert columns_of(graph, "scroll") == {0, 1, 2, 3, 4}
    assert graph.threshold is None


def test_it_is_told_to_those_who_do_not_see_it(graph: AcceptanceGraph) -> None:
    graph.set_acceptance([(-1.0, 0.01, 0), *RISING], 4)
    told = graph.accessibleDescription()
    assert "65 suggestions" in told
    assert "about 0%" in told
    assert "about 80%" in told
    assert "1 in 4" in told


def test_a_range_of_which_nothing_is_known_has_a_place_and_no_bar(graph: AcceptanceGraph) -> None:
    graph.set_acceptance([(0.1, 0.2, 4), (0.3, 0.3, 0), (0.5, 0.4, 0), (0.7, 0.5, 0), (0.9, 0.9, 4)], 4)
    assert columns_of(graph, "scroll") == {0}
    assert columns_of(graph, "accent") == {4}
    assert graph.threshold == 0.3, "what is believed of it counts, as it does for the gate"


def test_it_draws_what_the_record_gives(graph: AcceptanceGraph) -> None:
    record = Acceptance()
    graph.set_acceptance(record.curve(), 4, record.threshold(4))
    assert graph.n_shown == 0
    for confidence, n_taken in ((-3.0, 0), (-1.5, 3), (-0.3, 18)):
        for number in range(20):
            record.record(confidence, number < n_taken)
    graph.set_acceptance(record.curve(), 4, record.threshold(4))
    assert graph.n_shown == 60
    assert columns_of(graph, "scroll", 16) == {3, 9}
    assert columns_of(graph, "accent", 16) == {14}
    graph.set_acceptance(record.curve(), 4, -math.inf)
    assert columns_of(graph, "accent", 16) == {3, 9, 14}


def test_pointing_at_a_bar_tells_its_figures(graph: AcceptanceGraph) -> None:
    graph.set_acceptance(RISING, 4)
    for fifth, said in ((1, "about 10% of suggestions that are this sure, as 20 show"), (4, "about 80%")):
        place = QPoint(fifth * 286 // 5 + 20, 100)
        event = QHelpEvent(QHelpEvent.Type.ToolTip, place, graph.mapToGlobal(place))
        QApplication.sendEvent(graph, event)
        assert said in QToolTip.text()
        assert QToolTip.text().endswith("are shown." if fifth == 4 else "not shown.")
    QToolTip.hideText()
