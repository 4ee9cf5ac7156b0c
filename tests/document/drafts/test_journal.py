"""The lines of a journal, there and back, and what is made of them when some are damaged."""

import json
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.change import Change
from writer.document.drafts.journal import (
    BaseText,
    Draft,
    JournalLines,
    expect,
    journal_name,
    new_draft_id,
    packed,
    parse_line,
    parse_name,
    unpacked,
)
from writer.document.drafts.journal_replay import LAST_EDIT_INCOMPLETE, NO_TEXT, Replay, replay
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run

ANY_TEXT = st.text(st.characters(codec=None))
RECORD = GenerationRecord("g1", "starter", settings={"top_k": 40}, seed=3)
HUMAN, MODEL = Author.HUMAN, Author.MODEL


def typed(start: int, text: str, removed: str = "") -> Change:
    runs = (Run(len(text), HUMAN),) if text else ()
    return Change(start, removed, text, HUMAN, None, (Run(len(removed), HUMAN),) if removed else (), runs)


def story() -> tuple[list[bytes], list[str]]:
    """(lines, the text after each of them): "Once", and then a change a line."""
    lines = JournalLines()
    made = [lines.draft(Draft("ab")), lines.text(BaseText("Once", (Run(4, HUMAN),)))]
    texts = ["", "Once"]
    for n in range(8):
        made.append(lines.items([typed(len(texts[-1]), f" {n}")]))
        texts.append(f"{texts[-1]} {n}")
    return made, texts


# -- lines -------------------------------------------------------------------------------------------------------------


@given(ANY_TEXT | st.just("\ud83d\ude00") | st.just("x" * 5000) | st.just("\ud800" * 5000))
def test_a_text_comes_back_whatever_it_has(text: str) -> None:
    lines = JournalLines()
    parsed = parse_line(lines.text(BaseText(text, ()))[:-1])
    assert parsed is not None
    assert unpacked(parsed[1]) == text


def test_a_line_is_plain_ascii_and_long_texts_take_less_room() -> None:
    lines = JournalLines()
    line = lines.items([typed(0, "naïve\n\0\u2028\ud800")])
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert len(lines.text(BaseText("Tyger Tyger, burning bright " * 2000, ()))) < 3000


def test_a_line_nested_without_end_is_none() -> None:
    body = b'0 {"kind":' + b"[" * 100_000
    assert parse_line(b"%08x %b" % (zlib.crc32(body), body)) is None


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_line_proves_itself(at: int) -> None:
    line = JournalLines().items([typed(0, "Once upon a time")])[:-1]
    assert parse_line(line) is not None
    changed = bytearray(line)
    changed[at] ^= 4
    assert parse_line(bytes(changed)) is None


@given(st.binary())
def test_no_bytes_make_reading_a_line_fail(line: bytes) -> None:
    assert parse_line(line) is None or line.isascii()


def test_a_setting_that_json_has_no_form_for_does_not_keep_the_text_off_the_disk() -> None:
    record = GenerationRecord("g1", "starter", settings={"odd": {1, 2}})
    assert parse_line(JournalLines().items([record])[:-1]) is not None


def test_names() -> None:
    assert parse_name(journal_name(7, "ab12")) == (7, "ab12")
    assert parse_name(journal_name(123456789, "ab12")) == (123456789, "ab12")
    assert sorted(journal_name(n, "a") for n in (10, 9)) == [journal_name(9, "a"), journal_name(10, "a")]
    for name in ("00000001-ab.lock", ".00000001-ab.journal.12345678.writer-tmp", "1-ab.journal", "story.txt"):
        assert parse_name(name) is None
    assert parse_name(journal_name(1, new_draft_id())) is not None
    assert new_draft_id() != new_draft_id()


@pytest.mark.parametrize("record", [{}, {"text": 3}, {"zlib": 3}, {"zlib": "?"}, {"zlib": "AAAA"}])
def test_texts_that_cannot_be_unpacked_are_refused(record: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        unpacked(record)
    with pytest.raises(ValueError, match="int expected"):
        expect(True, int)
    assert unpacked(packed("text")) == "text"


# -- replay ------------------------------------------------------------------------------------------------------------


def test_all_kinds_of_lines_replay() -> None:
    lines = JournalLines()
    undone = Change(2, "X", "cdef", HUMAN, None, (Run(1, HUMAN),), (Run(1, MODEL, "g1"), Run(3, HUMAN)))
    data = b"".join(
        [
            lines.draft(Draft("ab")),
            lines.text(
                BaseText("abX", (Run(1, MODEL, "g0"), Run(2, HUMAN)), (GenerationRecord("g0", "m"),), saved=False)
            ),
            lines.items([RECORD, undone, Change(6, "", "gh", MODEL, "g1", (), (Run(2, MODEL, "g1"),))]),
            lines.caret(3),
            lines.caret(None),
            lines.caret(99),
        ]
    )
    state = replay(data, "ab")
    assert state.buffer.text == "abcdefgh"
    assert state.provenance.runs(0, 8) == [
        Run(1, MODEL, "g0"),
        Run(1, HUMAN),
        Run(1, MODEL, "g1"),
        Run(3, HUMAN),
        Run(2, MODEL, "g1"),
    ]
    assert state.generations == {"g0": GenerationRecord("g0", "m"), "g1": RECORD}
    assert state.changes[0] == undone
    assert state.base is not None
    assert (state.base.text, state.base.saved) == ("abX", False)
    assert state.caret == 3
    assert state.problem == ""


def test_a_kind_that_is_not_known_is_passed_over() -> None:
    lines = JournalLines()
    made, texts = story()
    lines.draft(Draft("ab"))
    lines.text(BaseText("Once", ()))
    stranger = proven({"kind": "weather", "sun": True}, 2)
    lines.caret(0)  # the number of that line
    state = replay(b"".join(made[:2]) + stranger + lines.items([typed(4, " 0")]), "ab")
    assert (state.buffer.text, state.problem) == (texts[2], "")


def test_d10_a_journal_cut_anywhere_gives_the_text_up_to_its_last_whole_line() -> None:
    made, texts = story()
    data = b"".join(made)
    whole = 0
    for length in range(len(data) + 1):
        while whole < len(made) and length >= len(b"".join(made[: whole + 1])) - 1:  # without its end a line is whole
            whole += 1
        state = replay(data[:length], "ab")
        if whole < 2:
            assert state.base is None
            assert state.problem == NO_TEXT
        else:
            assert state.buffer.text == texts[whole - 1]
            between = length in (len(b"".join(made[:whole])), len(b"".join(made[:whole])) - 1)
            assert state.problem == ("" if between else LAST_EDIT_INCOMPLETE)


@pytest.mark.parametrize("fill", [b"\0" * 60, b"\xa5" * 700, b"\n\n\n", b"00000000 10 {}\n" * 3])
def test_d10_what_a_power_cut_left_at_the_end_is_dropped(fill: bytes) -> None:
    made, texts = story()
    state = replay(b"".join(made[:6]) + fill, "ab")
    assert (state.buffer.text, state.problem) == (texts[5], LAST_EDIT_INCOMPLETE)


def _flip(line: bytes) -> bytes:
    return line[:30] + bytes([line[30] ^ 1]) + line[31:]


def _lose(line: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [_flip, _lose])
def test_what_follows_a_damaged_line_is_not_guessed(damage: Callable[[bytes], bytes]) -> None:
    made, texts = story()
    state = replay(b"".join([*made[:4], damage(made[4]), *made[5:]]), "ab")
    assert state.buffer.text == texts[3]
    assert state.problem == "A part of the draft is damaged, and 5 later edits were left out."
    state = replay(b"".join([*made[:8], damage(made[8]), made[9]]), "ab")
    assert state.problem == "A part of the draft is damaged, and one later edit was left out."


def test_a_whole_text_after_a_damaged_line_goes_on_from_there() -> None:
    made, _ = story()
    lines = JournalLines()
    for _ in range(10):
        lines.caret(0)
    later = lines.text(BaseText("Twice", (Run(5, HUMAN),))) + lines.items([typed(5, "!")])
    state = replay(b"".join([*made[:4], _flip(made[4]), *made[5:], later]), "ab")
    assert state.buffer.text == "Twice!"
    assert [change.inserted for change in state.changes] == ["!"]
    assert state.problem == "A part of the draft is damaged, but its text was written whole after that."


def test_a_change_of_another_text_is_not_made() -> None:
    made, texts = story()
    other = JournalLines()
    for _ in range(10):
        other.caret(0)
    stray = other.items([typed(0, "x")])  # its text is empty
    assert parse_line(stray[:-1]) is not None
    state = replay(b"".join(made) + stray, "ab")
    assert state.buffer.text == texts[-1]
    assert state.problem == "A part of the draft is damaged, and one later edit was left out."


@given(seed=st.integers(0, 2**32))
def test_whatever_is_damaged_the_text_is_one_that_once_was(seed: int) -> None:
    made, texts = story()
    chance = random.Random(seed)
    data = bytearray(b"".join(made))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(80)]
            case 2:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(20)))
            case 3:
                data[at : at + 40] = bytes(len(data[at : at + 40]))
        if not data:
            return
    state = replay(bytes(data), "ab")
    assert state.buffer.text in texts
    assert state.buffer.text == texts[-1] or state.problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"runs": [[3, "human"]]},
        {"runs": [[4, "elf"]]},
        {"runs": None},
        {"length": 5},
        {"text": 4},
        {"saved": None},
        {"generations": [{"id": 3}]},
    ],
)
def test_a_text_that_contradicts_itself_is_not_taken(wrong: dict[str, object]) -> None:
    lines = JournalLines()
    draft = lines.draft(Draft("ab"))
    right = {"text": "Once", "length": 4, "runs": [[4, "human"]], "generations": [], "saved": True}
    assert replay(draft + proven({"kind": "text", **right}, 1), "ab").buffer.text == "Once"
    state = replay(draft + proven({"kind": "text", **right, **wrong}, 1), "ab")
    assert (state.base, state.problem) == (None, NO_TEXT)


def proven(record: dict[str, object], seq: int) -> bytes:
    body = f"{seq} {json.dumps(record)}".encode()
    return b"%08x %b\n" % (zlib.crc32(body), body)


def test_a_lost_line_is_noticed_also_where_the_next_would_fit() -> None:
    lines = JournalLines()
    made = [lines.draft(Draft("ab")), lines.text(BaseText("abc", (Run(3, HUMAN),)))]
    made += [lines.items([typed(0, "x", "a")]), lines.items([typed(1, "y", "b")])]
    assert replay(b"".join(made), "ab").buffer.text == "xyc"
    assert replay(b"".join([*made[:2], made[3]]), "ab").buffer.text == "abc"


def test_every_state_is_shown() -> None:
    made, texts = story()
    seen: list[str] = []

    def watch(state: Replay) -> None:
        seen.append(state.buffer.text)

    replay(b"".join(made), "ab", watch)
    assert seen == texts[1:]
