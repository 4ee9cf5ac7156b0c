"""The first page a newcomer sees: what this is, the model it is made for, and a way to begin at once."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from writer.models.catalog import DEFAULT_MODEL, STARTER
from writer.models.precision import Precision
from writer.models.shelf import ShelfItem
from writer.ui import theme as themes
from writer.ui.library import Activity
from writer.ui.model_card import ModelCard
from writer.ui.theme import SPACE

_WIDTH = 640
_HEADING_POINT_SIZE = 24.0
_OFFERED = (DEFAULT_MODEL, STARTER)
_PROMISE = (
    "A page to write on, and a language model that goes on with your story when you ask it to. "
    "It runs on this machine: nothing you write leaves it."
)
_STARTER_COMES = "The small starter model gets ready by itself, so you can begin at once. "
_STARTER_IS_HERE = "The small starter model is here and ready, so you can begin at once. "
_BETTER = "GPT-2 medium writes better; it takes a download, and you can write while it arrives."
_BETTER_IS_HERE = "GPT-2 medium, which writes better, is here too."


class WelcomePage(QScrollArea):
    """Offers the two models a newcomer needs to know of. It does nothing itself."""

    begin_requested = Signal()
    open_requested = Signal()
    get_requested = Signal(str, object)  # id, tuple[Precision, ...]
    pause_requested = Signal(str)
    cancel_requested = Signal(str)
    use_requested = Signal(str, object)  # id, Precision

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._cards: dict[str, ModelCard] = {}
        heading = QLabel("Welcome to Writer")
        font = themes.page_font(_HEADING_POINT_SIZE)
        heading.setFont(font)
        heading.setStyleSheet(f"font-family: '{font.family()}'; font-size: {_HEADING_POINT_SIZE}pt;")
        self._choice = _paragraph(_STARTER_COMES + _BETTER, role="muted")
        self._models = QHBoxLayout()
        self._models.setSpacing(SPACE.l)
        self.begin_button = QPushButton("Begin writing")
        self.begin_button.setObjectName("begin")
        self.begin_button.setProperty("role", "primary")
        self.begin_button.clicked.connect(self.begin_requested)
        open_button = QPushButton("Open a text…")
        open_button.setProperty("role", "quiet")
        open_button.clicked.connect(self.open_requested)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE.m)
        buttons.addWidget(self.begin_button)
        buttons.addWidget(open_button)
        buttons.addStretch(1)

        column = QWidget()
        column.setMaximumWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(SPACE.xl, SPACE.xxl, SPACE.xl, SPACE.xxl)
        layout.setSpacing(SPACE.l)
        layout.addStretch(1)
        layout.addWidget(heading)
        layout.addWidget(_paragraph(_PROMISE))
        layout.addLayout(self._models)
        layout.addWidget(self._choice)
        layout.addLayout(buttons)
        layout.addStretch(2)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        self.setWidget(content)

    def set_shelf(self, shelf: tuple[ShelfItem, ...]) -> None:
        ready = {item.id for item in shelf if item.is_ready}
        starter = _STARTER_IS_HERE if STARTER in ready else _STARTER_COMES
        self._choice.setText(starter + (_BETTER_IS_HERE if DEFAULT_MODEL in ready else _BETTER))
        for item in shelf:
            if item.id in self._cards:
                if self._cards[item.id].item != item:
                    self._cards[item.id].set_item(item)
            elif item.id in _OFFERED:
                self._cards[item.id] = card = ModelCard(item, is_offer=True)
                card.get_requested.connect(self.get_requested)
                card.pause_requested.connect(self.pause_requested)
                card.cancel_requested.connect(self.cancel_requested)
                card.use_requested.connect(self.use_requested)
                self._models.addWidget(card, 1, Qt.AlignmentFlag.AlignTop)

    def set_activity(self, key: str, activity: Activity | None) -> None:
        if key in self._cards:
            self._cards[key].set_activity(activity)

    def set_used(self, model_id: str, precision: Precision | None) -> None:
        for card in self._cards.values():
            card.set_used(precision if card.item.id == model_id else None)


def _paragraph(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label
