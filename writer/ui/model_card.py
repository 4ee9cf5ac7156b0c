"""One model: what it is, what it costs, how good it is here, and what can be done with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from writer.models.catalog import DEFAULT_MODEL
from writer.models.disk import amount
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem
from writer.ui.form_row import FormRow
from writer.ui.icons import IconButton
from writer.ui.labels import plain_label
from writer.ui.library import Activity
from writer.ui.model_damage import GET_AGAIN, card_hint
from writer.ui.model_facts import facts_text, size_bytes
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_BAR_STEPS = 1000
_ICON_BUTTON = 24
_FURTHER_FORMS = {
    Precision.INT8: "fast, and close to the original",
    Precision.INT4: "smaller, and somewhat worse",
    Precision.FP32: "the original, slower and four times the size",
    Precision.FP16: "for CUDA",
}


class ModelCard(QFrame):
    """Shows a ShelfItem, and what is being done to it. It does nothing itself.

    is_offer -- for getting and using the model only, not for looking after it
    """

    get_requested = Signal(str, object)  # id, tuple[Precision, ...]: () for the usual form
    pause_requested = Signal(str)
    cancel_requested = Signal(str)
    use_requested = Signal(str, object)  # id, Precision
    verify_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, item: ShelfItem, parent: QWidget | None = None, *, is_offer: bool = False) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._item = item
        self._is_offer = is_offer
        self._activity: Activity | None = None
        self._used: Precision | None = None
        self._asks_removal = False

        self._title = plain_label("modelName", "strong")
        self._mark = plain_label("modelMark", "muted")
        self._summary = plain_label("modelSummary")
        self._facts = plain_label("modelFacts", "muted")
        self._problem = plain_label("modelProblem", "danger")
        self._forms = QVBoxLayout()
        self._forms.setSpacing(SPACE.s)
        self._rows: list[FormRow] = []
        self._stage = plain_label("activityStage")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._figures = plain_label("activityFigures", "muted")
        self._question = plain_label("removalQuestion")
        self._buttons: dict[str, QPushButton] = {}

        self._more = IconButton("more", "More", size=16)
        self._more.setProperty("role", "quiet-icon")
        self._more.setFixedSize(_ICON_BUTTON, _ICON_BUTTON)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self._more)
        self.menu.setToolTipsVisible(True)
        self._more.setMenu(self.menu)

        top = QHBoxLayout()
        top.setSpacing(SPACE.s)
        top.addWidget(self._title, 1)
        top.addWidget(self._mark)
        top.addWidget(self._more)
        actions = QHBoxLayout()
        actions.setSpacing(SPACE.s)
        for name, text in (
            ("get", "Get"),
            ("resume", "Resume"),
            ("pause", "Pause"),
            ("cancel", "Cancel"),
            ("remove", "Remove"),
            ("keep", "Keep it"),
        ):
            actions.addWidget(self._add_button(name, text))
        actions.addStretch(1)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.m, SPACE.m, SPACE.m, SPACE.m)
        layout.setSpacing(SPACE.s)
        layout.addLayout(top)
        for widget in (self._summary, self._facts, self._problem):
            layout.addWidget(widget)
        layout.addLayout(self._forms)
        layout.addWidget(self._stage)
        layout.addWidget(self._bar)
        layout.addWidget(self._figures)
        layout.addWidget(self._question)
        layout.addLayout(actions)
        self._connect()
        self.set_item(item)

    @property
    def item(self) -> ShelfItem:
        return self._item

    @property
    def stops(self) -> tuple[QWidget, ...]:
        """What the Tab key stops at, as far as it is shown, from top to bottom."""
        return (self._more, *(row.use for row in self._rows), *self._buttons.values())

    def set_item(self, item: ShelfItem) -> None:
        self._item = item
        self._asks_removal = False
        self._show_all()

    def set_activity(self, activity: Activity | None) -> None:
        """What is being done to the model; None for nothing."""
        was_idle = self._activity is None
        self._activity = activity
        if activity is not None:
            step = activity.step
            self._stage.setText(activity.stage)
            self._bar.setRange(0, _BAR_STEPS if step.total else 0)
            self._bar.setValue(_BAR_STEPS * step.done // step.total if step.total else 0)
            self._figures.setText(step.figures)
            self._figures.setVisible(bool(step.figures))
        if was_idle != (activity is None):
            self._asks_removal = False
            with self._keeping_focus():
                self._show_state()
        elif self._shown_title != self._title.text():
            self._show_title()

    def set_used(self, precision: Precision | None) -> None:
        """The form that speaks now; None for another model."""
        if precision is not self._used:
            self._used = precision
            self._asks_removal = False
            self._show_all()

    # -- showing -------------------------------------------------------------------------------------------------

    @property
    def _shown_title(self) -> str:
        return self._activity.title if self._activity is not None else self._item.title

    @contextmanager
    def _keeping_focus(self) -> Iterator[None]:
        """When what has the focus vanishes within the block, another button here gets it: Qt would pass it on to
        whatever comes next."""
        focused = QApplication.focusWidget()
        was_here = focused is not None and self.isAncestorOf(focused)
        yield
        if was_here and focused is not None and not focused.isVisible():
            stops = (*self._buttons.values(), *(row.use for row in self._rows), self._more)
            next((stop for stop in stops if stop.isVisibleTo(self)), self._more).setFocus()

    def _show_all(self) -> None:
        with self._keeping_focus():
            self._show_item()
            self._show_state()

    def _show_item(self) -> None:
        item = self._item
        summary = item.entry.summary if item.entry else ""
        self._summary.setText(summary)
        self._summary.setVisible(bool(summary))
        facts = facts_text(item)
        self._facts.setText(facts)
        self._facts.setVisible(bool(facts))
        remedy = card_hint(is_shipped=item.is_shipped, can_get=item.entry is not None)
        remedy = item.remedy if item.is_from_newer else remedy
        self._problem.setText(f"{item.problem} {remedy}")
        self._problem.setVisible(bool(item.problem))
        self._show_forms()
        self._fill_menu()

    def _show_title(self) -> None:
        title = self._shown_title
        self._title.setText(title)
        for button in self._buttons.values():
            button.setAccessibleName(f"{button.text()}: {title}")
        self._more.setAccessibleName(f"More: {title}")

    def _mark_text(self) -> str:
        if self._used is not None:
            return "In use"
        if self._item.problem:
            return "Newer" if self._item.is_from_newer else "Damaged"
        if self._item.is_begun and self._activity is None:
            return "Paused"
        if self._item.model is None and self._item.id == DEFAULT_MODEL:
            return "Recommended"
        return ""

    def _show_forms(self) -> None:
        for row in self._rows:
            self._forms.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = []
        if self._item.is_ready and self._item.model is not None:
            manifest = self._item.model.manifest
            for name, record in manifest.precisions.items():
                row = FormRow(self._item.title, Precision(name), record, manifest, is_used=name == self._used)
                row.use_requested.connect(lambda form: self.use_requested.emit(self._item.id, form))
                self._forms.addWidget(row)
                row.show()  # now: the layout would do so later, and the focus may be waiting for it
                self._rows.append(row)
        for before, after in pairwise(self.stops):
            QWidget.setTabOrder(before, after)

    def _fill_menu(self) -> None:
        self.menu.clear()
        item = self._item
        built = item.model.manifest.precisions if item.model and item.is_ready else {}
        if item.entry is not None:
            usual = () if built else (item.entry.precision,)
            for form, words in _FURTHER_FORMS.items():
                if form not in built and form not in usual:
                    verb = "Also build" if built else "Get"
                    action = self.menu.addAction(f"{verb} as {form.label}: {words}")
                    action.triggered.connect(lambda _=False, form=form: self.get_requested.emit(item.id, (form,)))
        if self._is_offer or not item.is_installed:
            return
        self.menu.addSeparator()
        if item.model is not None:
            self.menu.addAction("Check every byte", lambda: self.verify_requested.emit(item.id))
        if item.is_shipped:
            return
        remove = self.menu.addAction("Remove…", lambda: self._ask_removal(asks=True))
        if self._used is not None:
            remove.setEnabled(False)
            remove.setToolTip("It speaks now: use another model first.")

    def _show_state(self) -> None:
        item, is_busy = self._item, self._activity is not None
        asks = self._asks_removal
        for widget in (self._stage, self._bar, self._figures):
            widget.setVisible(is_busy)
        if self._activity is not None:
            self._figures.setVisible(bool(self._activity.step.figures))
        is_left = not item.is_ready and not is_busy and not asks
        can_get = is_left and not item.is_from_newer and (item.entry is not None or bool(item.repository))
        visible = {
            "get": can_get and not item.is_begun,
            "resume": can_get and item.is_begun,
            "pause": self._activity is not None and self._activity.can_pause,
            "cancel": is_busy or (is_left and item.is_begun),
            "remove": asks,
            "keep": asks,
        }
        for name, button in self._buttons.items():
            button.setVisible(visible[name])
        self._buttons["get"].setText(GET_AGAIN if item.problem else "Get")
        self._mark.setText(self._mark_text())
        self._show_title()
        self._question.setVisible(asks)
        self._more.setVisible(not is_busy and not asks and not self.menu.isEmpty())

    def _ask_removal(self, *, asks: bool) -> None:
        self._asks_removal = asks
        size = f"{amount(size_bytes(self._item.model.manifest))} become free; " if self._item.model else ""
        again = "Getting it again takes a download." if self._item.entry else "Writer cannot bring it back."
        if self._item.hides_shipped:
            again = "The one that Writer came with takes its place."
        self._question.setText(f"Remove this model? {size}{again[0].lower() if size else again[0]}{again[1:]}")
        with self._keeping_focus():
            self._show_state()
        if asks:
            self._buttons["keep"].setFocus()

    @reported(nothing)
    def hideEvent(self, event: QHideEvent) -> None:
        """The panel is left: the question is closed unanswered."""
        if self._asks_removal and not event.spontaneous():
            self._ask_removal(asks=False)

    # -- doing ---------------------------------------------------------------------------------------------------

    def _add_button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        if name == "remove":
            button.setProperty("role", "danger")
        self._buttons[name] = button
        return button

    def _connect(self) -> None:
        self._buttons["get"].setToolTip("Download and prepare this model; the writing goes on meanwhile.")
        self._buttons["resume"].setToolTip("Go on with what has arrived.")
        self._buttons["pause"].setToolTip("Stop for now; what has arrived is kept.")
        self._buttons["cancel"].setToolTip("Stop, and delete what has arrived.")
        for name in ("get", "resume"):
            self._buttons[name].clicked.connect(lambda: self.get_requested.emit(self._item.id, ()))
        self._buttons["pause"].clicked.connect(lambda: self.pause_requested.emit(self._item.id))
        self._buttons["cancel"].clicked.connect(lambda: self.cancel_requested.emit(self._item.id))
        self._buttons["remove"].setToolTip("Delete this model from this machine.")
        self._buttons["keep"].setToolTip("Leave everything as it is.")
        self._buttons["remove"].clicked.connect(lambda: self.remove_requested.emit(self._item.id))
        self._buttons["keep"].clicked.connect(lambda: self._ask_removal(asks=False))
