"""The bytes of a text file to text and back: what was not edited is stored byte for byte.

No encoding is assumed in silence, and what cannot be stored again as it was is shown, but never saved over.
"""

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from writer.errors import WriterError

# What a writer may choose between, by codec name. Each gives back the bytes it was read from, or `decode` says so.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1252": "Windows-1252 (Western European)",
    "iso8859-15": "ISO 8859-15 (Western European)",
    "mac-roman": "Mac Roman (Western European)",
    "cp850": "DOS 850 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8-r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "cp932": "Shift JIS (Japanese)",
    "euc-jp": "EUC-JP (Japanese)",
    "cp949": "EUC-KR (Korean)",
}

Newline = Literal["\n", "\r\n", "\r", ""]

_BOMS = (  # longest first: UTF-32 LE begins like UTF-16 LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT_CONTROLS = b"\t\n\v\f\r\x1a\x1b"  # the last two: DOS ended files so, terminals colour so
_BINARY_CONTROLS = bytes(byte for byte in range(32) if byte not in _TEXT_CONTROLS)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HEX_BYTES = 65_536
_FEW_ODD, _MOST_ODD = 3, 0.1  # so many, or that part of the characters: above, a file is shown as bytes
_N_LOOKED_AT = 65_536  # characters
_FEWEST_ZEROS = 0.5  # of the code units: Latin text in UTF-16 has far more
_SHORTEST_BARE_UTF16 = 8  # bytes
_NUL_SIGN = "\u2400"


@dataclass(frozen=True)
class TextFormat:
    """How a text is stored: a codec, the byte order mark before it (b"" for none), and the line end.

    `newline` "" means several kinds, kept in the text as they are; otherwise the text has "\\n" only.
    """

    encoding: str = "utf-8"
    bom: bytes = b""
    newline: Newline = "\n"

    @property
    def label(self) -> str:
        """The encoding's name for people."""
        return ENCODINGS.get(self.encoding, self.encoding.upper())


@dataclass(frozen=True)
class LoadedText:
    """`notice` tells what was assumed. `read_only` tells why the text may not be saved over its file ("": it may)."""

    text: str
    format: TextFormat
    notice: str = ""
    read_only: str = ""


class UnencodableCharacter(WriterError):  # noqa: N818 - what is wrong, not that something is
    """A character that the file's encoding has no place for. Line and column count from 1, in code points."""

    def __init__(self, text: str, offset: int, form: TextFormat) -> None:
        before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
        self.offset, self.line, self.column = offset, before.count("\n") + 1, offset - _line_start(text, offset) + 1
        character = text[offset]
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        super().__init__(
            f"“{shown}” in line {self.line}, column {self.column} cannot be stored as {form.label}.",
            "Save the text as UTF-8, or write something else there.",
        )


def decode(data: bytes, name: str, encoding: str | None = None) -> LoadedText:
    """The text in `data`, the content of the file called `name`. `encoding`: a codec of `ENCODINGS` that was chosen.

    Never raises for any content: what is no text comes as a read-only view.
    """
    if encoding is not None:
        return _decode_as_chosen(data, name, encoding)
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _exact(data, codec, bom) or _damaged(data, name, codec, bom)
    exact = _exact(data, "utf-8")
    if exact:
        return exact
    without_bom = _bare_utf16(data)
    if without_bom:
        form = without_bom.format
        return LoadedText(without_bom.text, form, _assumed(name, form.label))
    if _has_any(data, _BINARY_CONTROLS):
        return _with_nuls(data, name) or _bytes_view(data, f"{name} is not a text file")
    if _is_mostly_utf8(data):
        return _damaged(data, name, "utf-8")
    western = _exact(data, "cp1252")
    if western:
        return LoadedText(western.text, western.format, _assumed(name, "Windows-1252"))
    return _view(data, "cp1252", f"The encoding of {name} is unknown")


def encode(text: str, form: TextFormat) -> bytes:
    """What `decode` makes `text` from. Raises UnencodableCharacter."""
    stored = text
    if form.newline in ("\r\n", "\r"):
        stored = text.replace("\r\n", "\n").replace("\n", form.newline)
    try:
        return form.bom + stored.encode(form.encoding)
    except UnicodeEncodeError as error:
        raise UnencodableCharacter(text, text.index(stored[error.start]), form) from error


def clean(text: str) -> tuple[str, int]:
    """(text that every UTF can store, how many half characters became U+FFFD). Two halves that belong together join."""
    with suppress(UnicodeEncodeError):  # far faster than a search, and other threads may go on sooner
        text.encode("utf-8")
        return text, 0
    joined = _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
    return _SURROGATE.subn("\ufffd", joined)


# -- exactly, or not at all --------------------------------------------------------------------------------------------


def _exact(data: bytes, codec: str, bom: bytes = b"") -> LoadedText | None:
    """The text, when it has no NUL and would be stored as the same bytes."""
    try:
        stored = data[len(bom) :].decode(codec)
    except UnicodeDecodeError:
        return None
    if "\0" in stored:
        return None
    newline = _newline(stored)
    text = stored.replace(newline, "\n") if newline else stored
    form = TextFormat(codec, bom, newline)
    try:
        return LoadedText(text, form) if encode(text, form) == data else None
    except UnencodableCharacter:
        return None


def _newline(stored: str) -> Newline:
    kinds: list[Newline] = []
    bare = stored.replace("\r\n", "")
    if len(bare) < len(stored):
        kinds.append("\r\n")
    if "\n" in bare:
        kinds.append("\n")
    if "\r" in bare:
        kinds.append("\r")
    return "\n" if not kinds else kinds[0] if len(kinds) == 1 else ""


def _decode_as_chosen(data: bytes, name: str, codec: str) -> LoadedText:
    bom = next((bom for bom, of in _BOMS if of == codec and data.startswith(bom)), b"")
    return _exact(data, codec, bom) or _damaged(data, name, codec, bom)


def _bare_utf16(data: bytes) -> LoadedText | None:
    """UTF-16 without a byte order mark: one byte of many pairs is zero, always the same one."""
    if len(data) % 2 or len(data) < _SHORTEST_BARE_UTF16:
        return None
    zeros = data[0::2].count(0), data[1::2].count(0)
    if min(zeros) > 0 or max(zeros) < _FEWEST_ZEROS * len(data) / 2:
        return None
    exact = _exact(data, "utf-16-le" if zeros[1] else "utf-16-be")
    return exact if exact and not _n_odd(exact.text) else None


def _is_mostly_utf8(data: bytes) -> bool:
    """Of the characters beyond ASCII, more are right UTF-8 than wrong."""
    text = data.decode("utf-8", "replace")
    n_wrong = text.count("\ufffd")
    n_ascii = len(data.translate(None, bytes(range(128, 256))))
    return len(text) - n_ascii - n_wrong > n_wrong


def _n_odd(text: str) -> int:
    """How many characters at the beginning of `text` no writer types."""
    return sum(
        character == "\ufffd" or not (character.isprintable() or character.isspace())
        for character in text[:_N_LOOKED_AT]
    )


def _has_any(data: bytes, wanted: bytes) -> bool:
    return len(data.translate(None, wanted)) < len(data)


def _assumed(name: str, label: str) -> str:
    return f"{name} does not say how it is encoded, and was read as {label}. If letters look wrong, choose another one."


# -- shown, but never saved over ---------------------------------------------------------------------------------------


def _damaged(data: bytes, name: str, codec: str, bom: bytes = b"") -> LoadedText:
    body, label = data[len(bom) :], TextFormat(codec).label
    try:
        before = body.decode(codec)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(codec)
        what = f"Line {_n_lines(before)} of {name} is not {label}"
    else:
        what = (
            f"{name} has NUL characters" if "\0" in before else f"{name} would not be stored again as it is in {label}"
        )
    return _view(body, codec, what)


def _with_nuls(data: bytes, name: str) -> LoadedText | None:
    """Text with some NULs in it, as a disk that lost power leaves it."""
    rest = data.replace(b"\0", b"")
    if len(rest) < len(data) / 2 or _has_any(rest, _BINARY_CONTROLS) or not _exact(rest, "utf-8"):
        return None
    return LoadedText(_shown(data.decode("utf-8")), TextFormat(), read_only=_reason(f"{name} has NUL characters"))


def _view(body: bytes, codec: str, what: str) -> LoadedText:
    text = body.decode(codec, "replace")
    if _n_odd(text) > max(_FEW_ODD, _MOST_ODD * min(len(text), _N_LOOKED_AT)):
        return _bytes_view(body, what)
    return LoadedText(_shown(text), TextFormat(codec), read_only=_reason(what))


def _bytes_view(data: bytes, what: str) -> LoadedText:
    """The first bytes, sixteen a line, as numbers and as characters."""
    lines = []
    for at in range(0, min(len(data), _HEX_BYTES), 16):
        row = data[at : at + 16]
        characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}  {row.hex(' '):<47}  {characters}\n")
    return LoadedText("".join(lines), TextFormat(), read_only=_reason(what))


def _reason(what: str) -> str:
    return f"{what}, so it can be read here, but not saved."


def _shown(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", _NUL_SIGN)


def _n_lines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
