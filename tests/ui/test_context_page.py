"""The context page shows exactly the tokens, whose they are, and how much room they take."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent, QTextCursor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from writer.assist.context import Context, ContextPart, Origin
from writer.engine.prompt import Prompt
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.paths import resources_dir
from writer.ui import theme as themes
from writer.ui.budget_bar import BudgetBar
from writer.ui.context_page import ContextPage, ShownPart, shown_parts
from writer.ui.origins import COLORS, TITLES, origin_color
from writer.ui.theme import THEMES, Theme, contrast
from writer.ui.token_text import _SHADES, TokenText

# Qt says so for every top-level window and tooltip without a screen.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", "does not support raise")

LEFT = Qt.MouseButton.LeftButton
EVERY = pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
PARTS = (
    ShownPart(Origin.MEMORY, "", ("A", " light", "house", ".", "\n")),
    ShownPart(Origin.LORE, "<b>Annie</b> & co", ("Annie", " limps", ".\n"), is_shortened=True),
    ShownPart(Origin.TEXT, "", ("It", " was", ".", "\n", "\n", "“", "No", " ", " ", "more", "\t", "…")),
    ShownPart(Origin.NOTE, "Author’s note", ("[", "Rain", "]", "\n")),
    ShownPart(Origin.TEXT, "", ("The", " ", "", "", "😀", " end")),
)
N_TOKENS = 30


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    files: Path = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication) -> ContextPage:
    qapp.setPalette(themes.palette(themes.LIGHT))
    page = ContextPage()
    qtbot.addWidget(page)
    page.resize(800, 600)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    return page


def text_of(page: ContextPage) -> TokenText:
    text = page.findChild(TokenText)
    assert text is not None
    return text


def label(page: ContextPage, name: str) -> QLabel:
    found = page.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    assert found.textFormat() == Qt.TextFormat.PlainText
    return found


def lines(page: ContextPage) -> list[str]:
    return text_of(page).toPlainText().split("\n")


def runs(page: ContextPage) -> list[tuple[str, str, int]]:
    """What is drawn with one format after another: text, colour behind it, and how much of that."""
    found = []
    block = text_of(page).document().begin()
    while block.isValid():
        encoded = block.text().encode("utf-16-le")
        for run in block.layout().formats():
            piece = encoded[2 * run.start : 2 * (run.start + run.length)].decode("utf-16-le")
            color = run.format.background().color()
            found.append((piece, color.name(), color.alpha()))
        block = block.next()
    return found


def tip_at(page: ContextPage, needle: str) -> str:
    text = text_of(page)
    cursor: QTextCursor = text.document().find(needle)
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart())
    text.setTextCursor(cursor)
    text.ensureCursorVisible()
    place = text.cursorRect(cursor).center() + QPoint(3, 0)
    QApplication.sendEvent(text.viewport(), QHelpEvent(QHelpEvent.Type.ToolTip, place, text.mapToGlobal(place)))
    return QToolTip.text()


# -- the tokens ----------------------------------------------------------------------------------------------------


def test_parts_stand_under_their_headings_with_white_space_made_visible(page: ContextPage) -> None:
    page.show_context(PARTS, 64)
    assert lines(page) == [
        "Memory  ·  5 tokens",
        "A lighthouse.↵",
        "Lore: <b>Annie</b> & co  ·  3 tokens, shortened",
        "Annie limps.↵",
        "Text  ·  12 tokens",
        "It was.↵",
        "↵",
        "“No··more→…",
        "Author’s note  ·  4 tokens",
        "[Rain]↵",
        "Text  ·  6 tokens",
        "The·😀 end",
    ]


def test_each_token_is_told_from_the_next_by_its_shade(page: ContextPage) -> None:
    page.show_context(PARTS, 64)
    memory = [(piece, shade) for piece, color, shade in runs(page) if color == COLORS["light"][Origin.MEMORY]]
    low, high = _SHADES
    assert memory == [("A", low), (" light", high), ("house", low), (".", high), ("↵", low)]
    lore = [(piece, shade) for piece, color, shade in runs(page) if color == COLORS["light"][Origin.LORE]]
    assert lore == [("Annie", low), (" limps", high), (".", low), ("↵", low)], "one token, though it has a mark"


def test_every_token_has_the_colour_of_where_it_comes_from(page: ContextPage) -> None:
    page.show_context(PARTS, 64)
    drawn = dict.fromkeys(COLORS["light"].values(), "")
    for piece, color, _ in runs(page):
        drawn[color] += piece
    for origin, color in COLORS["light"].items():
        tokens = "".join(token for part in PARTS if part.origin is origin for token in part.tokens)
        assert drawn[color].translate(str.maketrans("↵→·", "\n\t ")) == tokens


def test_pointing_at_a_token_tells_its_number(page: ContextPage) -> None:
    page.show_context(PARTS, 64)
    assert tip_at(page, "limps") == "Token 7. Lore: <b>Annie</b> & co"
    assert tip_at(page, "Rain") == "Token 22. Author’s note"
    assert tip_at(page, "😀") == "Tokens 27 to 29. Text", "a character that three tokens make up"
    assert tip_at(page, " end") == "Token 30. Text"
    QToolTip.hideText()


def test_real_tokens_are_shown_one_for_one(page: ContextPage, tokenizer: Tokenizer) -> None:
    texts = {
        Origin.MEMORY: "Annie, 1911.\n",
        Origin.TEXT: "“Naïve” 😀 — café…\n\n  She said:\t‘no’\u00a0!",
    }
    parts = tuple(ContextPart(origin, "", tuple(tokenizer.encode(text))) for origin, text in texts.items())
    token_ids = tuple(token_id for part in parts for token_id in part.token_ids)
    shown = shown_parts(Context(parts, Prompt(token_ids), 0, "".join(texts.values())), tokenizer)
    assert ["".join(part.tokens) for part in shown] == list(texts.values())
    assert [len(part.tokens) for part in shown] == [len(part.token_ids) for part in parts]
    page.show_context(shown, 1_024)
    assert label(page, "tokensUsed").text() == f"{len(token_ids)} of 1,024 tokens"


def test_half_a_character_at_the_end_is_not_hidden(tokenizer: Tokenizer) -> None:
    token_ids = tuple(tokenizer.encode("a😀")[:-1])
    [part] = shown_parts(Context((ContextPart(Origin.TEXT, "", token_ids),), Prompt(token_ids), 0, ""), tokenizer)
    assert part.tokens[-1] == "\ufffd"
    assert len(part.tokens) == len(token_ids)


@pytest.mark.parametrize("hostile", ["\u2029", "\u2028a", "\ufdd0\ufdd1", "\ufffc", "\r\n", "\x00\x07", "\u202e!"])
def test_whatever_stands_in_a_token_the_count_stays(page: ContextPage, hostile: str) -> None:
    page.show_context([ShownPart(Origin.TEXT, "", ("one", hostile, "two"))], 64)
    shades = [shade for piece, _, shade in runs(page) if piece in ("one", "two")]
    assert shades == [_SHADES[0]] * 2
    assert tip_at(page, "two").startswith("Token 3.")


# -- room ----------------------------------------------------------------------------------------------------------


def test_the_room_is_shown_in_segments_and_words(page: ContextPage) -> None:
    page.show_context(PARTS, 64, left_out=["The tower", "Gulls"])
    assert sum(len(part.tokens) for part in PARTS) == N_TOKENS
    assert label(page, "tokensUsed").text() == "30 of 64 tokens"
    assert label(page, "tokensLeft").text() == "34 left for what it writes"
    assert label(page, "leftOut").text() == "There was no room for: The tower, Gulls."
    legend = {button.text() for button in page.findChildren(QPushButton) if button.objectName().startswith("legend")}
    assert legend == {"Memory 5", "Lore 3", "Text 18", "Author’s note 4"}
    bar = page.findChild(BudgetBar)
    assert bar is not None
    widths = [rect.width() + 1 for rect in bar.rects()]
    assert widths == pytest.approx([bar.width() * n / 64 for n in (5, 3, 12, 4, 6)])
    assert "Memory 5, Lore 3, Text 12" in bar.accessibleDescription()


def test_a_word_half_typed_is_told(page: ContextPage) -> None:
    page.show_context(PARTS, 64, typed=" ligh")
    assert label(page, "halfTyped").text() == "What it writes begins with “ligh”, which you have typed."
    page.show_context(PARTS, 64, typed=" ")
    assert not label(page, "halfTyped").isVisible()


def test_more_than_there_is_room_for_stays_within_the_bar(qtbot: QtBot) -> None:
    bar = BudgetBar()
    qtbot.addWidget(bar)
    bar.resize(500, 10)
    bar.set_segments([(Origin.MEMORY, 0), (Origin.TEXT, 900), (Origin.NOTE, 300)], 1_024)
    rects = bar.rects()
    assert len(rects) == 2
    assert rects[-1].right() <= 500


def test_without_a_context_it_says_so(page: ContextPage) -> None:
    for parts in ((), (ShownPart(Origin.TEXT, "", ()),)):
        page.show_context(parts, 1_024)
        assert label(page, "nothingSeen").isVisible()
        assert label(page, "tokensUsed").text() == "0 of 1,024 tokens"
    page.show_context(PARTS, 1_024)
    assert not label(page, "nothingSeen").isVisible()
    assert not label(page, "leftOut").isVisible()


# -- the page ------------------------------------------------------------------------------------------------------


def long_parts(n: int) -> list[ShownPart]:
    words = tuple(f" word{number}" if number % 40 else "\n" for number in range(n))
    return [ShownPart(Origin.MEMORY, "", ("Top", "\n")), ShownPart(Origin.TEXT, "", words)]


def test_it_begins_at_the_top_when_it_was_filled_before_it_was_seen(qtbot: QtBot) -> None:
    page = ContextPage()
    qtbot.addWidget(page)
    page.resize(800, 600)
    page.show_context(long_parts(3_000), 4_096)
    with qtbot.waitExposed(page):
        page.show()
    QApplication.processEvents()
    assert text_of(page).verticalScrollBar().maximum() > 1_000
    assert text_of(page).verticalScrollBar().value() == 0


def test_it_begins_at_the_top_and_keeps_its_place_when_the_text_changes(page: ContextPage) -> None:
    page.show_context(long_parts(3_000), 4_096)
    bar = text_of(page).verticalScrollBar()
    assert bar.value() == 0
    assert bar.maximum() > 1_000
    bar.setValue(700)
    page.show_context(long_parts(3_010), 4_096)
    assert bar.value() == 700


def test_thousands_of_tokens_are_no_widgets(page: ContextPage) -> None:
    page.show_context(PARTS, 64)
    few = len(page.findChildren(QWidget))
    page.show_context([*PARTS, *long_parts(5_000)], 8_192)
    QApplication.processEvents()
    assert len(page.findChildren(QWidget)) <= few + 5  # those of the old legend go a little later
    assert len(runs(page)) > 5_000


def test_the_legend_leads_to_the_part(page: ContextPage, qtbot: QtBot) -> None:
    page.show_context([*long_parts(2_000), PARTS[3], *long_parts(500)], 4_096)
    button = page.findChild(QPushButton, "legend-note")
    assert button is not None
    qtbot.mouseClick(button, LEFT)
    text = text_of(page)
    top = text.cursorForPosition(QPoint(20, 14)).block().text()
    assert top.startswith("Author’s note")


def test_escape_leads_back_and_the_keys_scroll(page: ContextPage, qtbot: QtBot) -> None:
    page.show_context(long_parts(3_000), 4_096)
    page.setFocus()
    focused = QApplication.focusWidget()
    assert focused is text_of(page)
    qtbot.keyClick(focused, Qt.Key.Key_PageDown)
    assert text_of(page).verticalScrollBar().value() > 0
    with qtbot.waitSignal(page.closed):
        qtbot.keyClick(focused, Qt.Key.Key_Escape)


def test_nothing_can_be_typed_into_it(page: ContextPage, qtbot: QtBot) -> None:
    page.show_context(PARTS, 64)
    before = lines(page)
    qtbot.keyClicks(text_of(page), "abc")
    qtbot.keyClick(text_of(page), Qt.Key.Key_Delete)
    assert lines(page) == before


# -- colours -------------------------------------------------------------------------------------------------------


def blended(color: str, ground: str, alpha: int) -> str:
    over, under = QColor(color), QColor(ground)
    share = alpha / 255
    channels = [
        round(share * top + (1 - share) * bottom)
        for top, bottom in zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)
    ]
    return QColor(*channels).name()


@EVERY
def test_headings_and_text_keep_their_contrast(theme: Theme) -> None:
    colors = COLORS[theme.name]
    assert set(colors) == set(Origin) == set(TITLES)
    assert len(set(colors.values())) == len(Origin)
    for color in colors.values():
        for surface in (theme.page, theme.ground):
            assert contrast(color, surface) >= 4.5
        for shade in _SHADES:
            behind = blended(color, theme.ground, shade)
            assert contrast(theme.ink, behind) >= 7
            assert contrast(theme.muted, behind) >= 3  # signs for white space


@EVERY
def test_colours_follow_the_theme(page: ContextPage, qapp: QApplication, theme: Theme) -> None:
    page.show_context(PARTS, 64)
    qapp.setPalette(themes.palette(theme))
    QApplication.processEvents()
    assert origin_color(Origin.LORE).name() == COLORS[theme.name][Origin.LORE]
    assert {color for _, color, _ in runs(page)} == {
        color for origin, color in COLORS[theme.name].items() if origin is not Origin.PIN
    }
