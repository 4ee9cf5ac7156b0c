"""The models' panel: in which order things stand, how high they are, and what can be dropped on it."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QScrollArea, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.shelf_items import CATALOG, DEFAULT_MODEL, STARTER, damaged, here, to_get
from writer.engine.devices import DeviceReport, OfferedDevice, describe_devices
from writer.engine.threads import ThreadChoice
from writer.models.precision import Precision
from writer.models.progress import Step
from writer.models.shelf import ShelfItem
from writer.ui.library import Activity
from writer.ui.machine_section import machine_text
from writer.ui.model_card import ModelCard
from writer.ui.models_panel import ModelsPanel

# Qt says so for every top-level window without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")

NEW = "added:/home/me/tiny"
ADDING = Activity("tiny", Step("Building", 1, 8))
GETTING = Activity("GPT-2", Step("Downloading", 1, 4, "137 MB of 548 MB · 9.0 MB/s · 46 s left"), can_pause=True)
OFFERED = tuple(to_get(model_id) for model_id in CATALOG)


def shelf(*changed: ShelfItem) -> tuple[ShelfItem, ...]:
    """The catalogue, with some of it changed, and then what is in no catalogue."""
    by_id = {item.id: item for item in changed}
    own = [item for item in changed if item.id not in CATALOG]
    return (*(by_id.get(item.id, item) for item in OFFERED), *own)


class Shown(QObject):
    """The windows that came up."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(watched)
        return False


@pytest.fixture
def windows(qapp: QApplication) -> Iterator[list[QWidget]]:
    shown = Shown()
    qapp.installEventFilter(shown)
    yield shown.windows
    qapp.removeEventFilter(shown)


@pytest.fixture
def panel(qtbot: QtBot) -> ModelsPanel:
    panel = ModelsPanel()
    qtbot.addWidget(panel)
    panel.resize(319, 600)
    panel.set_shelf(OFFERED)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def settle() -> None:
    """A layout within a layout within a scroll area is arranged in several rounds."""
    for _ in range(3):
        QApplication.processEvents()


def cards(panel: ModelsPanel) -> list[ModelCard]:
    """From the top down."""
    settle()
    found = [card for card in panel.findChildren(ModelCard) if card.isVisible()]
    return sorted(found, key=lambda card: card.y())


def card(panel: ModelsPanel, model_id: str) -> ModelCard:
    return next(card for card in cards(panel) if card.item.id == model_id)


def column(panel: ModelsPanel) -> list[str]:
    """What stands below what: the sections' titles, and the models' ids."""
    settle()
    area = panel.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    found = [
        child
        for child in area.widget().children()
        if isinstance(child, ModelCard | QLabel | QPushButton) and child.isVisible()
    ]
    found.sort(key=lambda child: child.y())
    return [child.item.id if isinstance(child, ModelCard) else child.text() for child in found]


def label(panel: ModelsPanel, begin: str) -> QLabel:
    return next(label for label in panel.findChildren(QLabel) if label.text().startswith(begin))


# -- order ---------------------------------------------------------------------------------------------------------


def test_on_a_fresh_machine(panel: ModelsPanel) -> None:
    here_title, none_yet, to_get_title, *rest = column(panel)
    assert (here_title, to_get_title) == ("On this machine", "To get")
    assert none_yet.startswith("None yet.")
    assert rest[: len(CATALOG)] == list(CATALOG)
    assert rest[len(CATALOG) :] == ["Add another model", "Or drop a folder or a .gguf file here.", "This machine"]


def test_what_is_here_stands_first(panel: ModelsPanel) -> None:
    panel.set_shelf(shelf(here("gpt2"), damaged("distilgpt2"), here("mine")))
    assert column(panel)[:5] == ["On this machine", "gpt2", "distilgpt2", "mine", "To get"]
    assert cards(panel)[3].item.id == DEFAULT_MODEL


def test_what_is_being_got_stands_first_of_what_can_be_got(panel: ModelsPanel) -> None:
    panel.set_activity("gpt2", GETTING)
    assert cards(panel)[0].item.id == "gpt2"
    panel.set_activity("gpt2", None)
    assert cards(panel)[0].item.id == DEFAULT_MODEL
    panel.set_shelf(shelf(to_get("gpt2-large", is_begun=True)))
    assert cards(panel)[0].item.id == "gpt2-large"


def test_a_model_without_an_id_has_a_card_for_the_time_being(panel: ModelsPanel) -> None:
    panel.set_activity(NEW, ADDING)
    assert column(panel)[:3] == ["On this machine", NEW, "To get"]
    new = card(panel, NEW)
    assert new.findChild(QLabel, "modelName").text() == "tiny"
    panel.set_activity(NEW, Activity("tiny", Step("Measuring", 2, 8)))
    assert card(panel, NEW) is new
    assert new.findChild(QLabel, "activityStage").text() == "Measuring · 25%"
    panel.set_activity(NEW, None)
    panel.set_shelf(shelf(here("tiny")))
    assert column(panel)[:3] == ["On this machine", "tiny", "To get"]


def test_a_removed_model_takes_its_card_with_it(panel: ModelsPanel) -> None:
    panel.set_shelf(shelf(here("mine")))
    panel.set_shelf(OFFERED)
    assert "mine" not in column(panel)
    assert [item.item.id for item in cards(panel)] == list(CATALOG)


def test_nothing_left_to_get(panel: ModelsPanel) -> None:
    panel.set_shelf(tuple(here(model_id) for model_id in CATALOG))
    assert "To get" not in column(panel)


def test_cards_stay_the_same_while_things_change(panel: ModelsPanel) -> None:
    before = {item.item.id: item for item in cards(panel)}
    panel.set_activity("gpt2", GETTING)
    panel.set_shelf(shelf(to_get("gpt2", is_begun=True)))
    panel.set_activity("gpt2", None)
    panel.set_shelf(shelf(here("gpt2")))
    assert {item.item.id: item for item in cards(panel)} == before


def test_the_one_that_speaks(panel: ModelsPanel) -> None:
    def marks() -> dict[str, str]:
        return {item.item.id: item.findChild(QLabel, "modelMark").text() for item in cards(panel)}

    panel.set_used("gpt2", Precision.INT8)  # known before the shelf is
    panel.set_shelf(shelf(here("gpt2"), here(STARTER)))
    assert marks()["gpt2"] == "In use"
    assert marks()[STARTER] == ""
    panel.set_used(STARTER, Precision.INT8)
    assert marks()["gpt2"] == ""
    assert marks()[STARTER] == "In use"


def test_no_window_of_its_own_flashes_up(windows: list[QWidget], qtbot: QtBot) -> None:
    panel = ModelsPanel()
    qtbot.addWidget(panel)
    panel.set_shelf(shelf(here("gpt2", Precision.INT8, Precision.INT4)))
    panel.set_activity(NEW, ADDING)
    panel.set_used("gpt2", Precision.INT8)
    QApplication.processEvents()
    assert windows == []


# -- heights -------------------------------------------------------------------------------------------------------


def check_heights(panel: ModelsPanel) -> None:
    """Every card is as high as what it shows, and stands below the one before."""
    shown = cards(panel)
    for item in shown:
        assert item.height() == item.heightForWidth(item.width()), item.item.id
    for above, below in pairwise(shown):
        assert above.y() + above.height() < below.y()


def test_heights_follow_what_is_shown(panel: ModelsPanel) -> None:
    check_heights(panel)
    idle = card(panel, "gpt2").height()
    panel.set_activity("gpt2", Activity("GPT-2", Step("Beginning")))
    check_heights(panel)
    without_figures = card(panel, "gpt2").height()
    panel.set_activity("gpt2", GETTING)  # its figures appear
    check_heights(panel)
    assert card(panel, "gpt2").height() > without_figures > idle
    panel.set_activity("gpt2", Activity("GPT-2", Step("A stage with a name so long that it takes two lines at least")))
    check_heights(panel)
    panel.set_activity("gpt2", None)
    check_heights(panel)
    assert card(panel, "gpt2").height() == idle
    panel.set_shelf(shelf(here("gpt2", Precision.INT8, Precision.INT4), damaged("distilgpt2")))
    check_heights(panel)
    panel.set_used("gpt2", Precision.INT8)
    check_heights(panel)
    removal = next(entry for entry in card(panel, "distilgpt2").menu.actions() if entry.text() == "Remove…")
    removal.trigger()
    check_heights(panel)
    panel.resize(420, 600)
    check_heights(panel)


# -- keyboard ------------------------------------------------------------------------------------------------------


def test_the_tab_key_goes_through_the_cards_as_they_stand(panel: ModelsPanel, qtbot: QtBot) -> None:
    panel.set_shelf(shelf(to_get("gpt2-xl", is_begun=True)))
    first, second = cards(panel)[:2]
    assert (first.item.id, second.item.id) == ("gpt2-xl", DEFAULT_MODEL)
    first.findChild(QPushButton, "cancel").setFocus()
    reached = []
    for _ in range(2):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert all(second.isAncestorOf(widget) for widget in reached)


# -- dropping ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tiny.gguf", "LOUD.GGUF", "model.onnx", "model.safetensors", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "checkpoint").mkdir()
    return tmp_path


def dragged(*urls: QUrl) -> QMimeData:
    data = QMimeData()
    data.setUrls(urls)
    return data


def drop(panel: ModelsPanel, data: QMimeData) -> tuple[bool, str]:
    """As Qt does it: what is not accepted when it enters is never dropped. Returns whether it was accepted, and what
    the panel said of it."""
    rest = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(panel.rect().center(), *rest)
    entering.ignore()
    QApplication.sendEvent(panel, entering)
    said = label(panel, "Let go").text() if entering.isAccepted() else ""
    if entering.isAccepted():
        QApplication.sendEvent(panel, QDropEvent(QPointF(panel.rect().center()), *rest))
    return entering.isAccepted(), said


@pytest.mark.parametrize(
    ("names", "added"),
    [
        (["checkpoint"], ["checkpoint"]),
        (["tiny.gguf"], ["tiny.gguf"]),
        (["LOUD.GGUF"], ["LOUD.GGUF"]),
        (["model.onnx", "model.safetensors"], ["model.onnx", "model.safetensors"]),
        (["notes.txt", "tiny.gguf"], ["tiny.gguf"]),
        (["notes.txt"], []),
        (["gone"], []),
    ],
    ids=lambda names: "+".join(names) or "none",
)
def test_what_is_dropped_is_added(panel: ModelsPanel, folder: Path, names: list[str], added: list[str]) -> None:
    asked: list[Path] = []
    panel.add_requested.connect(asked.append)
    accepted, said = drop(panel, dragged(*(QUrl.fromLocalFile(str(folder / name)) for name in names)))
    assert asked == [folder / name for name in added]
    assert accepted == bool(added)
    assert said == ("Let go to add it." if added else "")
    assert label(panel, "Or drop a folder").isVisible()


def test_what_lies_elsewhere_is_not_taken(panel: ModelsPanel) -> None:
    assert drop(panel, dragged(QUrl("https://example.org/tiny.gguf"))) == (False, "")


def test_who_drags_on_adds_nothing(panel: ModelsPanel, folder: Path, qtbot: QtBot) -> None:
    rest = Qt.DropAction.CopyAction, dragged(QUrl.fromLocalFile(str(folder / "tiny.gguf")))
    entering = QDragEnterEvent(panel.rect().center(), *rest, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    with qtbot.assertNotEmitted(panel.add_requested):
        QApplication.sendEvent(panel, entering)
        QApplication.sendEvent(panel, QDragLeaveEvent())
    assert label(panel, "Or drop a folder").isVisible()


# -- this machine --------------------------------------------------------------------------------------------------

REPORT = DeviceReport(
    "1.31.1",
    "A processor",
    "x86_64",
    {"AVX2": True, "AVX-512": False, "VNNI": True},
    "It is old.",
    ThreadChoice(1, "one physical core"),
    2,
    "cpu",
    (
        OfferedDevice("CUDAExecutionProvider", "cuda", False, "There is no card."),
        OfferedDevice("CPUExecutionProvider", "cpu", True, "It is always there."),
    ),
)


def test_the_machine_in_a_writers_words() -> None:
    assert machine_text(REPORT).splitlines() == [
        "A processor · AVX2 · VNNI",
        "1 thread: one physical core.",
        "CUDA: There is no card.",
        "CPU (used): It is always there.",
        "It is old.",
    ]


def test_the_machine_is_looked_at_when_the_panel_is_first_seen(qtbot: QtBot) -> None:
    panel = ModelsPanel()
    qtbot.addWidget(panel)
    with qtbot.waitSignal(panel.devices_requested):
        panel.show()
    panel.set_devices(describe_devices())
    machine = panel.findChild(QLabel, "machine")
    assert "CPU (used)" in machine.text()
    panel.hide()
    with qtbot.assertNotEmitted(panel.devices_requested):
        panel.show()


def test_what_is_chosen_of_the_machine_is_passed_on(panel: ModelsPanel, qtbot: QtBot) -> None:
    panel.set_machine_choice("cpu", 1)
    with qtbot.waitSignal(panel.machine_chosen) as told:
        panel.findChild(QSpinBox, "threads").setValue(0)
    assert told.args == ["cpu", 0]
