"""The keys that answer a suggestion while one is shown."""

from enum import Enum

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

from writer.ui.overrides import reported

_NONE, _CONTROL, _ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
# Where a key is on the keyboard, and the level that its sign needs, say nothing of what the writer wants.
_MEANINGFUL = ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier)


class SuggestionKey(Enum):
    """What a key does with the suggestion."""

    ALL = (Qt.Key.Key_Tab, _NONE)
    WORD = (Qt.Key.Key_Right, _CONTROL)
    SENTENCE = (Qt.Key.Key_End, _NONE)
    DISMISS = (Qt.Key.Key_Escape, _NONE)
    NEXT = (Qt.Key.Key_BracketRight, _ALT)
    PREVIOUS = (Qt.Key.Key_BracketLeft, _ALT)


_BY_KEY = {(key.value[0].value, key.value[1]): key for key in SuggestionKey}


def suggestion_key(event: QKeyEvent) -> SuggestionKey | None:
    """What a key press means for a suggestion; None if nothing."""
    return _BY_KEY.get((event.key(), event.modifiers() & _MEANINGFUL))


class SuggestionKeysFirst(QObject):
    """While it is installed on the page, these keys go to the page before they are anybody's shortcut.

    Only then: a filter sees every event, and keys are many.
    """

    @reported(lambda: False)
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        is_meant = suggestion_key(event) is not None
        if is_meant:
            event.accept()
        return is_meant
