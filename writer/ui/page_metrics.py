"""The page's measures, which follow from its face and its width."""

import math
from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF

MEASURE_CHARS = 66  # Bringhurst's classic line length for a single column of serif text
LEADING = 1.55  # line height in ems
PARAGRAPH_GAP = 0.3  # in line heights
MARGIN_TOP = 56
MARGIN_BOTTOM = 120
MARGIN_SIDE = 28  # least space between the column and the viewport's edge
_SAMPLE = "the quick brown fox jumps over a lazy dog and never once looks back at it "


@dataclass(frozen=True)
class PageMetrics:
    """Pixels, but for `font_key` (what `QFont.key` says of the face)."""

    font_key: str
    page_width: int
    left: int  # of the column
    width: int  # of the column
    char_width: float  # of usual prose
    line_height: int  # distance of two baselines
    baseline: float  # from a line's top
    gap: int  # below a paragraph

    @property
    def reach(self) -> int:
        """How far some faces reach out of their row, or of the column."""
        return self.line_height // 2

    @property
    def chars_per_line(self) -> float:
        """Of usual prose; a ragged edge wastes about half a word."""
        return max(1.0, self.width / self.char_width - 2.5)


def measure_page(font: QFont, page_width: int) -> PageMetrics:
    """What a page of that width has in that face."""
    metrics = QFontMetricsF(font)
    char_width = max(1.0, metrics.horizontalAdvance(_SAMPLE) / len(_SAMPLE))
    line_height = max(1, round(max(QFontInfo(font).pixelSize() * LEADING, metrics.height())))
    width = min(max(40, page_width - 2 * MARGIN_SIDE), math.ceil(MEASURE_CHARS * char_width))
    return PageMetrics(
        font_key=font.key(),
        page_width=page_width,
        left=(page_width - width) // 2,
        width=width,
        char_width=char_width,
        line_height=line_height,
        baseline=(line_height - metrics.height()) / 2 + metrics.ascent(),
        gap=round(line_height * PARAGRAPH_GAP),
    )
