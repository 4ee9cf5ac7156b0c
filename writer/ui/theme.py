"""Colours, spacing and faces: the whole look from one small set of tokens."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette

from writer.paths import resources_dir

PAGE_FAMILY = "Source Serif Pro"
INTERFACE_FAMILY = "Inter"
PAGE_POINT_SIZE = 14.0
INTERFACE_PIXEL_SIZE = 13

_FACES = (
    "source-serif/SourceSerifPro-Regular.otf",
    "source-serif/SourceSerifPro-It.otf",
    "source-serif/SourceSerifPro-Bold.otf",
    "source-serif/SourceSerifPro-BoldIt.otf",
    "inter/Inter-Regular.otf",
    "inter/Inter-Medium.otf",
    "inter/Inter-SemiBold.otf",
)


@dataclass(frozen=True)
class Spacing:
    """The one spacing scale, in device-independent pixels."""

    xs: int = 4
    s: int = 8
    m: int = 12
    l: int = 16  # noqa: E741 - a size, like its neighbours
    xl: int = 24
    xxl: int = 40
    radius: int = 6
    rail: int = 48
    panel: int = 320


SPACE = Spacing()


@dataclass(frozen=True)
class Theme:
    """Colour tokens as `#rrggbb`. Text keeps its contrast (tested): ink 7:1; muted, ghost, tint and danger 4.5:1."""

    name: str
    title: str
    is_dark: bool
    ground: str  # the desk: window, status bar, rail, beside the page
    panel: str  # the side panel, menus, tooltips
    page: str  # the sheet under the text
    ink: str  # text the writer wrote, and the interface's own text
    muted: str  # secondary text, placeholders
    ghost: str  # text a model would write, which is not in the text
    tint: str  # text a model wrote
    accent: str  # the one emphasised action, focus, links
    accent_hover: str
    accent_ink: str  # text on accent
    selection: str  # behind selected text
    border: str
    control: str  # resting button or field
    control_hover: str
    scroll: str  # scroll bar handle, slider groove
    danger: str
    space: Spacing = SPACE

    def color(self, token: str) -> QColor:
        """The token called `token` as a QColor."""
        return QColor(getattr(self, token))


LIGHT = Theme(
    name="light",
    title="Light",
    is_dark=False,
    ground="#efede8",
    panel="#f7f5f1",
    page="#fdfcfa",
    ink="#24221f",
    muted="#66615a",
    ghost="#6f6a64",
    tint="#2b5f86",
    accent="#2f6072",
    accent_hover="#274f5e",
    accent_ink="#ffffff",
    selection="#cfe0e6",
    border="#dcd8d0",
    control="#fdfcfa",
    control_hover="#e6e2db",
    scroll="#c9c4ba",
    danger="#a3332c",
)
DARK = Theme(
    name="dark",
    title="Dark",
    is_dark=True,
    ground="#17181a",
    panel="#1c1e20",
    page="#202224",
    ink="#dcd8d0",
    muted="#a09b93",
    ghost="#8c8882",
    tint="#8ebbe0",
    accent="#86b6c4",
    accent_hover="#9cc6d2",
    accent_ink="#10181b",
    selection="#2d444e",
    border="#303336",
    control="#26292b",
    control_hover="#303437",
    scroll="#45494d",
    danger="#ec9389",
)
SEPIA = Theme(
    name="sepia",
    title="Sepia",
    is_dark=False,
    ground="#e8dcc4",
    panel="#efe5d1",
    page="#f6eedd",
    ink="#3a2f22",
    muted="#6a5a45",
    ghost="#6b5f4f",
    tint="#2c5f78",
    accent="#7a4a24",
    accent_hover="#653c1c",
    accent_ink="#fff9ee",
    selection="#dccfae",
    border="#d6c7a8",
    control="#f6eedd",
    control_hover="#e4d7bb",
    scroll="#c9b893",
    danger="#9c2f22",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK, SEPIA)}


def resolve(name: str, app: QGuiApplication) -> Theme:
    """The theme called `name`; "system" (and any unknown name) follows the desktop's light or dark setting."""
    if name in THEMES:
        return THEMES[name]
    return DARK if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def load_fonts() -> tuple[str, str]:
    """Register the shipped faces; returns the families of (page, interface). Needs a QGuiApplication.

    A face that is missing or unreadable is no reason not to start: Qt then substitutes a system face of the same kind.
    """
    families: set[str] = set(QFontDatabase.families())
    if not {PAGE_FAMILY, INTERFACE_FAMILY} <= families:
        folder = fonts_dir()
        for face in _FACES:
            QFontDatabase.addApplicationFont(str(folder / face))
    QFont.insertSubstitutions(PAGE_FAMILY, ["Georgia", "Noto Serif", "DejaVu Serif", "serif"])
    QFont.insertSubstitutions(INTERFACE_FAMILY, ["Segoe UI", "Noto Sans", "DejaVu Sans", "sans-serif"])
    return PAGE_FAMILY, INTERFACE_FAMILY


def fonts_dir() -> Path:
    """Where the shipped faces and their licences are."""
    return resources_dir() / "fonts"


def page_font(point_size: float = PAGE_POINT_SIZE) -> QFont:
    """The page's face at a size in points."""
    font = QFont(PAGE_FAMILY)
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPointSizeF(point_size)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def interface_font() -> QFont:
    """The interface's face, for `QApplication.setFont`."""
    font = QFont(INTERFACE_FAMILY)
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPixelSize(INTERFACE_PIXEL_SIZE)
    return font


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, relative luminance)."""

    def luminance(value: str) -> float:
        channels = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette(theme: Theme) -> QPalette:
    """Colours for what the style sheet does not reach: native dialogs' fallbacks, item views, disabled text."""
    role = QPalette.ColorRole
    result = QPalette()
    for target, token in (
        (role.Window, "ground"),
        (role.WindowText, "ink"),
        (role.Base, "page"),
        (role.AlternateBase, "panel"),
        (role.Text, "ink"),
        (role.Button, "control"),
        (role.ButtonText, "ink"),
        (role.BrightText, "danger"),
        (role.ToolTipBase, "panel"),
        (role.ToolTipText, "ink"),
        (role.PlaceholderText, "muted"),
        (role.Highlight, "selection"),
        (role.HighlightedText, "ink"),
        (role.Link, "accent"),
        (role.LinkVisited, "accent"),
        (role.Accent, "accent"),
        (role.Light, "control_hover"),
        (role.Midlight, "border"),
        (role.Mid, "border"),
        (role.Dark, "scroll"),
        (role.Shadow, "ground"),
    ):
        result.setColor(target, theme.color(token))
    for target in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, target, theme.color("muted"))
    return result


def stylesheet(theme: Theme) -> str:
    """The style sheet of the whole interface, for `QApplication.setStyleSheet`.

    Opt-in roles through dynamic properties: `role` = "primary" (the one emphasised button), "quiet" (borderless),
    "danger"; on labels "title", "muted"; on frames "panel", "rail", "statusbar".
    """
    # Colours last: the panel's ground and the panel's width share a name, and the sheet has no use for the width.
    values: dict[str, object] = {**vars(theme.space), **{k: v for k, v in vars(theme).items() if isinstance(v, str)}}
    folder = resources_dir() / "themes"
    template = (folder / "interface.qss").read_text(encoding="utf-8")
    return Template(template).substitute(values, images=folder.as_posix())
