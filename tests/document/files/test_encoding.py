"""Bytes to text and back. Whatever may be saved gives the same bytes; whatever would not, may not be saved."""

import codecs
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from writer.document.files.encoding import (
    ENCODINGS,
    LoadedText,
    TextFormat,
    UnencodableCharacter,
    clean,
    decode,
    encode,
)

BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
WITH_BOM = [*BOMS.items(), ("utf-32-le", codecs.BOM_UTF32_LE), ("utf-32-be", codecs.BOM_UTF32_BE)]
PIECES = [
    *("\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"),
    *("word", " ", "\t", "\u00a0", "\u202f", "\u200b", "\ufeff", "\ufffd", "é", "e\u0301", "😀"),
    *("👩\u200d👩\u200d👧\u200d👦", "שלום", "\u202e", "\u2066", "\x01", "\x7f", "\x1a"),
]


def is_writable(loaded: LoadedText) -> bool:
    return not loaded.read_only


def is_same_when_saved(data: bytes, encoding: str | None = None) -> bool:
    loaded = decode(data, "story.txt", encoding)
    return not is_writable(loaded) or encode(loaded.text, loaded.format) == data


# -- byte for byte -----------------------------------------------------------------------------------------------------


@given(data=st.binary(max_size=200))
@example(data=b"")
@example(data=b"\xef\xbb\xbf")
@example(data=b"\xef\xbb\xbf\xef\xbb\xbfa")
@example(data=b"\xff\xfe")
@example(data=b"\xff\xfe\x00\x00")
@example(data=b"\xff\xfe\x0d\x00\x0a\x00")
def test_d39_d41_any_bytes_are_the_same_after_saving_or_cannot_be_saved(data: bytes) -> None:
    assert is_same_when_saved(data)


@given(data=st.binary(max_size=80), encoding=st.sampled_from(sorted(ENCODINGS)))
@example(data=b"\x87\x90", encoding="cp932")  # another pair of bytes means the same character
def test_d39_a_chosen_encoding_gives_the_same_bytes_or_cannot_be_saved(data: bytes, encoding: str) -> None:
    assert is_same_when_saved(data, encoding)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), form=st.sampled_from([("utf-8", b""), *WITH_BOM]))
@example(pieces=["word", "\r\n", "word", "\r\n"], form=("utf-8", b""))
@example(pieces=["no", " ", "final newline"], form=("utf-8", b""))
@example(pieces=["\ufeff", "word"], form=("utf-8", codecs.BOM_UTF8))
def test_d41_d42_any_text_may_be_saved_and_is_the_same(pieces: list[str], form: tuple[str, bytes]) -> None:
    encoding, bom = form
    data = bom + "".join(pieces).encode(encoding)
    loaded = decode(data, "story.txt")
    assert is_writable(loaded)
    assert not loaded.notice
    assert encode(loaded.text, loaded.format) == data


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_d41_line_ends_of_one_kind_are_plain_inside_and_kept_outside(newline: str) -> None:
    loaded = decode(f"one{newline}two".encode(), "story.txt")
    assert loaded == LoadedText("one\ntwo", TextFormat("utf-8", b"", newline))
    assert encode("one\ntwo\nthree\n", loaded.format) == f"one{newline}two{newline}three{newline}".encode()


def test_d41_line_ends_of_several_kinds_stay_each_as_it_is() -> None:
    loaded = decode(b"a\r\nb\nc\rd", "story.txt")
    assert loaded == LoadedText("a\r\nb\nc\rd", TextFormat("utf-8", b"", ""))


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_d41_a_pasted_line_end_does_not_become_two(newline: str) -> None:
    assert encode("a\r\nb\nc", TextFormat("utf-8", b"", newline)) == f"a{newline}b{newline}c".encode()


# -- which encoding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "bom"), WITH_BOM)
def test_d39_a_byte_order_mark_decides_without_a_notice(encoding: str, bom: bytes) -> None:
    assert decode(bom + "Größe 😀".encode(encoding), "a") == LoadedText("Größe 😀", TextFormat(encoding, bom, "\n"))


@pytest.mark.parametrize(
    ("data", "text", "encoding", "label"),
    [
        (b"caf\xe9 \x93quoted\x94", "café “quoted”", "cp1252", "Windows-1252"),
        ("É—é".encode("cp1252"), "É—é", "cp1252", "Windows-1252"),  # its first two bytes are UTF-8 by chance
        ("A line.\r\nTwo".encode("utf-16-le"), "A line.\nTwo", "utf-16-le", "UTF-16 LE"),
        ("A line.\r\nTwo".encode("utf-16-be"), "A line.\nTwo", "utf-16-be", "UTF-16 BE"),
    ],
)
def test_d39_what_is_assumed_is_said(data: bytes, text: str, encoding: str, label: str) -> None:
    loaded = decode(data, "old.txt")
    assert (loaded.text, loaded.format.encoding, loaded.read_only) == (text, encoding, "")
    assert loaded.notice.startswith(f"old.txt does not say how it is encoded, and was read as {label}.")
    assert encode(loaded.text, loaded.format) == data


def test_d39_a_chosen_encoding_is_used_without_a_notice() -> None:
    data = "Привет, мир".encode("koi8-r")
    assert decode(data, "a").text != "Привет, мир"
    assert decode(data, "a", "koi8-r") == LoadedText("Привет, мир", TextFormat("koi8-r"))
    with_bom = codecs.BOM_UTF16_LE + "Привет".encode("utf-16-le")
    assert decode(with_bom, "a", "utf-16-le") == LoadedText("Привет", TextFormat("utf-16-le", codecs.BOM_UTF16_LE))


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_every_offered_encoding_exists_and_has_a_name(encoding: str) -> None:
    assert decode(b"plain", "a", encoding).text or encoding.startswith("utf-16")
    assert TextFormat(encoding).label == ENCODINGS[encoding] != encoding


# -- shown only --------------------------------------------------------------------------------------------------------

MIXED = "Größe, Straße,\nFüße ".encode() + b"\xe9\n"


@pytest.mark.parametrize(
    ("data", "encoding", "reason", "shown"),
    [
        (MIXED, None, "Line 2 of a.txt is not UTF-8", "Größe, Straße,\nFüße \ufffd\n"),
        ("Größe 😀".encode()[:-1], None, "Line 1 of a.txt is not UTF-8", "Größe \ufffd"),
        (
            codecs.BOM_UTF8 + b"abcdefgh\r\nijklmnop\xff",
            None,
            "Line 2 of a.txt is not UTF-8",
            "abcdefgh\nijklmnop\ufffd",
        ),
        (codecs.BOM_UTF16_LE + "abcdefghijkl".encode("utf-16-le") + b"x", None, "not UTF-16 LE", "abcdefghijkl\ufffd"),
        (b"ten letters \x81 in a row", None, "The encoding of a.txt is unknown", "ten letters \ufffd in a row"),
        (b"ten letters \x81 in a row", "cp1252", "Line 1 of a.txt is not Windows-1252", "ten letters \ufffd in a row"),
        (b"\x87\x90 once", "cp932", "would not be stored again as it is in Shift JIS", "≒ once"),
        (b"half a text\0\0\0", None, "a.txt has NUL characters", "half a text\u2400\u2400\u2400"),
        ("Grö\0ße".encode(), None, "a.txt has NUL characters", "Grö\u2400ße"),
        (codecs.BOM_UTF8 + b"text\0text and more", None, "a.txt has NUL characters", "text\u2400text and more"),
    ],
)
def test_d38_d39_what_is_not_sure_is_shown_but_not_saved(
    data: bytes, encoding: str | None, reason: str, shown: str
) -> None:
    loaded = decode(data, "a.txt", encoding)
    assert loaded.text == shown
    assert reason in loaded.read_only
    assert loaded.read_only.endswith(", so it can be read here, but not saved.")


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        bytes(range(256)),
        bytes(100),
        b"\xff\xfe" + random.Random(3).randbytes(999),
        random.Random(4).randbytes(4_000),
    ],
    ids=["png", "elf", "all bytes", "zeros", "like UTF-16", "noise"],
)
def test_d37_binary_files_are_shown_as_bytes_and_not_saved(data: bytes) -> None:
    loaded = decode(data, "picture.png")
    assert loaded.read_only
    body = data[2:] if data.startswith(b"\xff\xfe") else data
    lines = loaded.text.splitlines()
    assert bytes.fromhex("".join(line[10:57] for line in lines)) == body
    assert lines[0].startswith(f"00000000  {body[0]:02x} ")
    assert "�" not in loaded.text


def test_d37_a_large_binary_file_is_shown_in_part() -> None:
    assert decode(bytes(10**6), "big.bin").text.splitlines()[-1].startswith("0000fff0  00")


# -- what an encoding cannot hold --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "newline", "offset", "line", "column"),
    [
        ("😀", "\n", 0, 1, 1),
        ("one\ntwo\n  a😀 b😀", "\n", 11, 3, 4),
        ("one\ntwo\n  a😀", "\r\n", 11, 3, 4),
        ("one\r\ntwo\rthree\nx😀", "", 16, 4, 2),
    ],
)
def test_d40_the_place_of_a_character_without_a_code_is_told(
    text: str, newline: str, offset: int, line: int, column: int
) -> None:
    with pytest.raises(UnencodableCharacter) as caught:
        encode(text, TextFormat("cp1252", b"", newline))
    error = caught.value
    assert (error.offset, error.line, error.column) == (offset, line, column)
    assert error.message == (
        f"“😀” in line {line}, column {column} cannot be stored as Windows-1252 (Western European)."
    )
    assert "UTF-8" in error.hint


def test_d40_a_character_that_cannot_be_shown_is_named() -> None:
    with pytest.raises(UnencodableCharacter, match=r"“U\+200B” in line 1"):
        encode("a\u200b", TextFormat("cp1252"))
    with pytest.raises(UnencodableCharacter, match=r"“U\+D83D” in line 1"):
        encode("\ud83d", TextFormat())


# -- half characters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cleaned", "n"),
    [
        ("plain", "plain", 0),
        ("é 😀", "é 😀", 0),
        ("a\ud83d b", "a\ufffd b", 1),
        ("\ude00\ud83d", "\ufffd\ufffd", 2),
        ("\ud83d\ude00", "😀", 0),
        ("\ud83d\ud83d\ude00\ude00", "\ufffd😀\ufffd", 2),
        ("\ufffd", "\ufffd", 0),
    ],
)
def test_d43_half_characters_are_replaced_and_counted(text: str, cleaned: str, n: int) -> None:
    assert clean(text) == (cleaned, n)


@given(text=st.text(st.characters(min_codepoint=0xD700, max_codepoint=0xE0FF), max_size=30))
def test_d43_what_is_clean_can_always_be_stored(text: str) -> None:
    cleaned, _ = clean(text)
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert clean(cleaned) == (cleaned, 0)
