"""What is drawn over a paragraph's plain ink: tints, selections, the caret."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPointF
from PySide6.QtGui import QAbstractTextDocumentLayout, QPainter, QTextBlock, QTextCharFormat, QTextLayout

from writer.document.document import Document
from writer.document.provenance import Author
from writer.ui.line_breaking import format_range
from writer.ui.mirror import Utf16Map

Selection = QAbstractTextDocumentLayout.Selection


def generated_ranges(document: Document, positions: Utf16Map, block: QTextBlock) -> list[tuple[int, int]]:
    """(start, length) of generated text in a paragraph, UTF-16 units from its beginning."""
    begin = block.position()
    last = min(begin + block.length() - 1, len(positions))
    ranges = []
    for span in document.spans(positions.to_code_point(begin), positions.to_code_point(last)):
        if span.author is Author.MODEL:
            start = positions.to_utf16(span.start)
            ranges.append((start - begin, positions.to_utf16(span.end) - start))
    return ranges


def formats_over(
    block: QTextBlock, tinted: Iterable[tuple[int, int]], tint: QTextCharFormat, selections: Sequence[Selection]
) -> list[QTextLayout.FormatRange]:
    """Formats in the order in which they cover each other: tint, then selections.

    tinted -- (start, length) in UTF-16 units from the block's beginning
    """
    layout, position, length = block.layout(), block.position(), block.length()
    preedit = layout.preeditAreaText()
    preedit_at = layout.preeditAreaPosition() if preedit else 0
    n_preedit = len(preedit.encode("utf-16-le")) // 2
    ranges: list[QTextLayout.FormatRange] = []
    for start, count in tinted:
        parts = [(start, count)]
        if n_preedit:  # text being composed is the writer's own, also in the middle of generated text
            before = max(0, min(count, preedit_at - start))
            parts = [(start, before), (start + before + n_preedit, count - before)]
        ranges.extend(format_range(s, n, tint) for s, n in parts if n > 0)
    for selection in selections:
        start = max(0, selection.cursor.selectionStart() - position)
        end = min(length, selection.cursor.selectionEnd() - position)
        if start < end:
            ranges.append(format_range(start, end - start, selection.format))
    return ranges


def draw_caret(painter: QPainter, position: int, block: QTextBlock, origin: QPointF, width: int) -> None:
    """Draw the caret if it is in `block`. position -- as Qt gives it to a layout; width -- pixels"""
    layout = block.layout()
    if position < -1 and layout.preeditAreaText():  # Qt's code for "inside the text being composed"
        layout.drawCursor(painter, origin, layout.preeditAreaPosition() - (position + 2), width)
    elif block.position() <= position < block.position() + block.length():
        layout.drawCursor(painter, origin, position - block.position(), width)
