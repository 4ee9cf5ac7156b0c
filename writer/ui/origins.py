"""What the parts of a context are called, and their colours."""

from PySide6.QtGui import QColor, QGuiApplication, QPalette

from writer.assist.context import Origin
from writer.ui.theme import DARK, LIGHT, THEMES, Theme

TITLES = {
    Origin.MEMORY: "Memory",
    Origin.LORE: "Lore",
    Origin.PIN: "Pinned",
    Origin.TEXT: "Text",
    Origin.NOTE: "Author’s note",
}
# Each has 4.5:1 on the theme's page and ground (tested).
COLORS = {
    "light": {
        Origin.MEMORY: "#7a3f96",
        Origin.LORE: "#3a6b2c",
        Origin.PIN: "#8f4d0c",
        Origin.TEXT: "#2b5f86",
        Origin.NOTE: "#a02c5c",
    },
    "dark": {
        Origin.MEMORY: "#c9a6e6",
        Origin.LORE: "#9ccb8a",
        Origin.PIN: "#e3b072",
        Origin.TEXT: "#8ebbe0",
        Origin.NOTE: "#ee9fbe",
    },
    "sepia": {
        Origin.MEMORY: "#6b3a88",
        Origin.LORE: "#375c2a",
        Origin.PIN: "#864509",
        Origin.TEXT: "#2c5f78",
        Origin.NOTE: "#962a55",
    },
}


def origin_color(origin: Origin) -> QColor:
    """In the theme that the application has."""
    return QColor(COLORS[_current_theme().name][origin])


def _current_theme() -> Theme:
    page = QGuiApplication.palette().color(QPalette.ColorRole.Base)
    for theme in THEMES.values():
        if page.name() == theme.page:
            return theme
    return DARK if page.lightness() < 128 else LIGHT
