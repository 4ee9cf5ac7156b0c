"""Links in a text that was read from Markdown."""

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextDocument


def color_links(document: QTextDocument, color: QColor) -> None:
    """Markdown fixes the colour of links when it is read; this puts the theme's in its place."""
    cursor, links = QTextCursor(document), QTextCharFormat()
    links.setForeground(color)
    block = document.begin()
    while block.isValid():
        for piece in block.textFormats():
            if piece.format.isAnchor() and piece.format.foreground().color() != color:
                cursor.setPosition(block.position() + piece.start)
                cursor.setPosition(block.position() + piece.start + piece.length, QTextCursor.MoveMode.KeepAnchor)
                cursor.mergeCharFormat(links)
        block = block.next()
