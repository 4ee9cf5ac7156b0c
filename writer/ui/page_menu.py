"""The page's context menu."""

from collections.abc import Callable

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QTextEdit

from writer.document.document import Document


def page_menu(page: QTextEdit, document: Document) -> QMenu:
    """Undo, clipboard and selection, as far as they can be done now. The caller shows and deletes it."""
    menu = QMenu(page)
    selected = page.textCursor().hasSelection()
    key = QKeySequence.StandardKey
    entries: tuple[tuple[str, QKeySequence.StandardKey, Callable[[], None], bool] | None, ...] = (
        (f"Undo {document.undo_label.lower()}".strip(), key.Undo, page.undo, document.can_undo),
        (f"Redo {document.redo_label.lower()}".strip(), key.Redo, page.redo, document.can_redo),
        None,
        ("Cut", key.Cut, page.cut, selected),
        ("Copy", key.Copy, page.copy, selected),
        ("Paste", key.Paste, page.paste, page.canPaste()),
        None,
        ("Select all", key.SelectAll, page.selectAll, len(document) > 0),
    )
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        text, shortcut, slot, enabled = entry
        action = menu.addAction(text)
        action.setShortcut(shortcut)
        action.setEnabled(enabled)
        action.triggered.connect(slot)
    return menu
