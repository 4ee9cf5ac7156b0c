"""The slim bar at the foot of the window: what the model does, and how full its window is."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from writer.ui.library import Activity
from writer.ui.overrides import nothing, reported
from writer.ui.theme import SPACE

_HEIGHT = 32
_METER_WIDTH = 28
_ACTIVITY_WIDTH = 320


class StatusBar(QFrame):
    """Every figure has a slot of fixed width, so that nothing jumps while figures change. In a narrow window those go
    that are wanted least."""

    activity_clicked = Signal()
    news_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "statusbar")
        self.setFixedHeight(_HEIGHT)
        self._mark = QLabel("AI")
        self._mark.setProperty("role", "aimark")
        self._mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._mark.setToolTip("The model is at work; the text that arrives is its own.")
        self._mark.setAccessibleName("The model is at work")
        _keep_place(self._mark)
        self._state = _Slot("Reading 1,024 of 1,024", "What the model is doing", "State")
        self._saving = _Slot("Read-only", "Whether your text is in its file, or kept as a draft", "Saving")
        self._words = _Slot("2,000,000 words", "Words in the whole text", "Words")
        self._rate = _Slot("199.9 tokens/s", "How fast the model writes (tokens per second)", "Speed")
        self._keys = _Slot(
            "keys 99.9 ms", "How long a key takes to its place on the screen: 19 of 20 are faster", "Keys"
        )
        self._shows_keys = False
        context_help = "How much of the text the model can see now, of the most it can see (context window)"
        self._context = _Slot("8,192 of 8,192 tokens", context_help, "Context")
        self._meter = QProgressBar()
        self._meter.setProperty("role", "meter")
        self._meter.setTextVisible(False)
        self._meter.setFixedWidth(_METER_WIDTH)
        self._meter.setToolTip(context_help)
        self._meter.setAccessibleName("Context used")
        _keep_place(self._meter)
        self._model = _ElidedLabel()
        self._model.setAccessibleName("Model")

        self._activity = _ElidedButton()
        self._activity.setObjectName("activity")
        self._activity.setProperty("role", "quiet")
        self._activity.clicked.connect(self.activity_clicked)
        self._activity.hide()
        self._activities: dict[str, Activity] = {}
        self._news = _ElidedButton()
        self._news.setObjectName("news")
        self._news.setProperty("role", "quiet")
        self._news.clicked.connect(self.news_clicked)
        self._news.hide()

        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE.m, 0, SPACE.m, 0)
        self._spacing = SPACE.s
        layout.setSpacing(self._spacing)
        layout.addWidget(self._state)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._model, 1)
        layout.addWidget(self._news)
        layout.addWidget(self._activity)
        layout.addWidget(self._keys)
        layout.addWidget(self._rate)
        layout.addSpacing(SPACE.s)
        layout.addWidget(self._meter)
        layout.addWidget(self._context)
        layout.addSpacing(SPACE.s)
        layout.addWidget(self._saving)
        layout.addSpacing(SPACE.s)
        layout.addWidget(self._words)
        for slot in (self._keys, self._rate, self._context, self._saving, self._words):
            slot.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

        self._make_room()
        self.set_model("", "")
        self.set_state("", busy=False)
        self.set_rate(None)
        self.set_context(0, 0)
        self.set_saving("")
        self.set_words(0)

    def set_model(self, title: str, device: str) -> None:
        """Name the model that speaks and where it runs; an empty title says that none is loaded."""
        text = " · ".join(part for part in (title, device) if part) if title else "No model"
        self._model.set_full_text(text)

    def set_state(self, text: str, busy: bool) -> None:
        """`busy` shows the AI mark: the model is reading or writing."""
        self._state.setText(text)
        self._mark.setVisible(busy)

    @property
    def activity_text(self) -> str:
        """What is being done to a model, "" for nothing."""
        return self._activity.full_text if self._activities else ""

    def set_activity(self, key: str, activity: Activity | None) -> None:
        """What is being done to a model while the writer writes; of several, the one that began first."""
        if activity is None:
            self._activities.pop(key, None)
        else:
            self._activities[key] = activity
        shown = next(iter(self._activities.values()), None)
        self._activity.setVisible(shown is not None)
        if shown is not None:
            self._activity.set_full_text(f"{shown.title} · {shown.stage}")
        self._make_room()

    def offer_news(self, text: str) -> None:
        """A quiet line to press; "" takes it away."""
        self._news.set_full_text(text)
        self._news.setVisible(bool(text))
        self._make_room()

    def show_key_latency(self, is_shown: bool) -> None:
        self._shows_keys = is_shown
        self._make_room()

    def set_key_latency(self, p95_ms: float) -> None:
        """What 19 of 20 of the last keys stayed within, in milliseconds."""
        self._keys.setText(f"keys {p95_ms:.1f} ms")

    def set_rate(self, tokens_per_s: float | None) -> None:
        self._rate.setText("" if tokens_per_s is None else f"{tokens_per_s:,.1f} tokens/s")

    def set_context(self, used: int, limit: int) -> None:
        """Tokens of the model's window in use; a limit of 0 means that it is not known yet."""
        self._meter.setVisible(limit > 0)
        self._meter.setRange(0, max(limit, 1))
        self._meter.setValue(min(used, limit))
        self._context.setText(f"{used:,} of {limit:,} tokens" if limit > 0 else "")

    def set_saving(self, text: str) -> None:
        """In a word or two, whether the text is in its file."""
        self._saving.setText(text)

    def set_words(self, n_words: int) -> None:
        self._words.setText(f"{n_words:,} word{'' if n_words == 1 else 's'}")

    def _make_room(self) -> None:
        """Show what there is room for: the context, then what was asked for, then the speed."""
        room = self.width() - self.minimumSizeHint().width()
        for slot in (self._context, self._keys, self._rate):
            width = slot.minimumWidth() + self._spacing
            is_wanted = slot is not self._keys or self._shows_keys
            slot.setVisible(is_wanted and width <= room)
            room -= width if is_wanted else 0

    @reported(QSize)
    def minimumSizeHint(self) -> QSize:
        """Without those that may go."""
        shown = [slot for slot in (self._context, self._keys, self._rate) if not slot.isHidden()]
        gone = sum(slot.minimumWidth() + self._spacing for slot in shown)
        return QSize(super().minimumSizeHint().width() - gone, _HEIGHT)

    @reported(nothing)
    def resizeEvent(self, event: QEvent) -> None:
        self._make_room()


def _keep_place(widget: QWidget) -> None:
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


def _tabular(font: QFont) -> QFont:
    """`font` with digits of equal width, where it has them."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


class _Slot(QLabel):
    """A label as wide as the widest text it is meant for; wider texts widen it rather than being cut."""

    def __init__(self, widest: str, tooltip: str, accessible_name: str) -> None:
        super().__init__()
        self._widest = widest
        self.setFont(_tabular(self.font()))
        self.setToolTip(tooltip)
        self.setAccessibleDescription(accessible_name)
        self._measure()

    def _measure(self) -> None:
        self.setMinimumWidth(QFontMetrics(self.font()).horizontalAdvance(self._widest) + 2)

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_widest"):
            self._measure()


class _ElidedLabel(QLabel):
    """Gives way first: shows as much of its text as fits, the whole of it as tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._full_text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_full_text(self, text: str) -> None:
        self._full_text = text
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._full_text, Qt.TextElideMode.ElideRight, self.width()))

    @reported(nothing)
    def resizeEvent(self, event: QEvent) -> None:
        self._elide()


class _ElidedButton(QPushButton):
    """Names of models come from anywhere: it takes what room there is, and leaves out the middle of its text. The
    whole is in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.full_text = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_full_text(self, text: str) -> None:
        self.full_text = text
        self.setToolTip(f"{text}\nPress for more.")
        self.setAccessibleName(text)
        self._elide()
        self.updateGeometry()

    def _elide(self) -> None:
        room = self.width() - self._frame_width()
        shown = self.fontMetrics().elidedText(self.full_text, Qt.TextElideMode.ElideMiddle, room)
        self.setText(shown.replace("&", "&&"))

    def _frame_width(self) -> int:
        shown = self.text().replace("&&", "&") or "XXXX"  # Qt's own measure for a button without a text
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(shown)

    @reported(QSize)
    def sizeHint(self) -> QSize:
        whole = self.fontMetrics().horizontalAdvance(self.full_text) + self._frame_width() + 1
        return QSize(min(whole, _ACTIVITY_WIDTH), super().sizeHint().height())

    @reported(QSize)
    def minimumSizeHint(self) -> QSize:
        return QSize(self._frame_width(), super().minimumSizeHint().height())

    @reported(nothing)
    def resizeEvent(self, event: QEvent) -> None:
        self._elide()
