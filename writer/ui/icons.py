"""Line icons from `resources/icons`, drawn in the theme's colours, and buttons that carry one."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QToolButton, QWidget

from writer.paths import resources_dir
from writer.ui.overrides import nothing, reported

ICON_SIZE = 20  # device-independent pixels
_RATIOS = (1, 2, 3)  # device pixels per device-independent pixel


@lru_cache(maxsize=64)
def _source(name: str) -> str:
    return (resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, color: QColor, size: int = ICON_SIZE, ratio: float = 1.0) -> QPixmap:
    """The icon `name` in one colour, `size` device-independent pixels square. Raises FileNotFoundError.

    Drawn once: a window that opens asks for the same few icons some thousand times."""
    key = f"{name} {color.name()} {size} {ratio}"
    result = QPixmap()
    if QPixmapCache.find(key, result):
        return result
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", color.name()).encode()))
    result = QPixmap(round(size * ratio), round(size * ratio))
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(result.rect()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    QPixmapCache.insert(key, result)
    return result


def icon(name: str, size: int = ICON_SIZE) -> QIcon:
    """The icon `name` in the application palette's colours: quiet at rest, ink when hovered, on or selected."""
    palette = QGuiApplication.palette()  # a widget's own palette has the style sheet's colours mixed in
    quiet, ink = palette.color(QPalette.ColorRole.PlaceholderText), palette.color(QPalette.ColorRole.WindowText)
    result = QIcon()
    for ratio in _RATIOS:
        for mode, state, color in (
            (QIcon.Mode.Normal, QIcon.State.Off, quiet),
            (QIcon.Mode.Active, QIcon.State.Off, ink),
            (QIcon.Mode.Normal, QIcon.State.On, ink),
            (QIcon.Mode.Active, QIcon.State.On, ink),
        ):
            result.addPixmap(pixmap(name, color, size, ratio), mode, state)
    return result


def program_icon() -> QIcon:
    """The program's own icon, for its windows."""
    result = QIcon()
    for drawing in sorted((resources_dir() / "icons" / "app").glob("*.png")):
        result.addFile(str(drawing))
    return result


class IconButton(QToolButton):
    """A tool button with an icon that follows the theme. `title` is its accessible name and tooltip."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None, size: int = ICON_SIZE) -> None:
        super().__init__(parent)
        self._icon_name = name
        self._size = size
        self.setAccessibleName(title)
        self.setToolTip(title)
        self.setIconSize(QSize(size, size))
        self.setIcon(icon(name, size))

    def set_icon_name(self, name: str) -> None:
        self._icon_name = name
        self.setIcon(icon(name, self._size))

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_size"):
            self.setIcon(icon(self._icon_name, self._size))


class IconLabel(QLabel):
    """An icon that is only looked at, in the colour of one palette role."""

    def __init__(self, name: str, role: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = role
        self.setFixedSize(ICON_SIZE, ICON_SIZE)
        self.set_icon(name, role)

    def set_icon(self, name: str, role: QPalette.ColorRole) -> None:
        self._icon_name, self._role = name, role
        self._draw()

    def _draw(self) -> None:
        color = QGuiApplication.palette().color(self._role)
        self.setPixmap(pixmap(self._icon_name, color, ICON_SIZE, self.devicePixelRatioF()))

    @reported(nothing)
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_icon_name"):
            self._draw()
