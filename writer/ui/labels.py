"""Labels for words that come from elsewhere."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def plain_label(name: str, role: str = "", *, is_selectable: bool = False) -> QLabel:
    """A label that wraps, and shows names of models, files and licences as they are, never as markup.

    role -- of the style sheet; is_selectable -- for what people send to others
    """
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    if is_selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
