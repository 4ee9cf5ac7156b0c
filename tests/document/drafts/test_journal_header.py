"""The first line of a journal under damage: each field costs itself, and the text always comes."""

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.drafts.journal import BaseText, Draft, JournalLines
from writer.document.drafts.journal_header import read_header
from writer.document.drafts.recovery import DraftState, discard, list_drafts, recover
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author, Run
from writer.errors import WriterError

DRAFT = Draft(
    id="ab12",
    title="story \"2\", the 'last'.txt",
    path=Path("/home/zoé/story.txt"),
    format=TextFormat("utf-16-le", b"\xff\xfe", "\r\n"),
    sha256="0123456789abcdef" * 4,
    started=datetime(2031, 5, 4, 12, 30, tzinfo=UTC),
)
LINE = JournalLines().draft(DRAFT).removesuffix(b"\n")

# field: (a value of the wrong kind, what the draft then has, what is told)
DAMAGES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "format": ("one", {}, "The format number of the draft is damaged; it was read as format 1."),
    "needs": (3, {}, "The version of Writer that the draft needs is damaged."),
    "writer": ([], {}, "The version of Writer that wrote the draft is damaged."),
    "id": ("../x", {"id": "cd34"}, "The identifier of the draft is damaged; that of its file name stands in."),
    "title": (None, {"title": ""}, "The title of the draft is damaged."),
    "path": (
        "story.txt",
        {"path": None},
        "The file name of the manuscript is damaged; the draft opens as a new document.",
    ),
    "encoding": (
        "klingon",
        {"format": replace(DRAFT.format, encoding="utf-8")},
        "The encoding of the manuscript is damaged; UTF-8 stands in.",
    ),
    "bom": (
        "xyz",
        {"format": replace(DRAFT.format, bom=b"")},
        "The byte order mark of the manuscript is damaged; none stands in.",
    ),
    "newline": (
        "\f",
        {"format": replace(DRAFT.format, newline="\n")},
        "The line end of the manuscript is damaged; a line feed stands in.",
    ),
    "sha256": (
        "0123",
        {"sha256": ""},
        "The checksum of the manuscript is damaged; whether the file was changed since is told by its text alone.",
    ),
    "started": ("noon", {"started": None}, "The date of the draft is damaged."),
}


def proven(values: dict[str, Any], seq: int = 0) -> bytes:
    body = f"{seq} {json.dumps(values, separators=(',', ':'))}".encode()
    return b"%08x %b" % (zlib.crc32(body), body)


def fields() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(LINE.split(b" ", 2)[2])
    return values


def with_bad_bytes(field: str) -> bytes:
    """The field's value is overwritten by rubbish of the same length."""
    value = json.dumps(fields()[field]).encode()
    before, key, after = LINE.partition(b'"%b":' % field.encode())
    assert after.startswith(value)
    return before + key + b"#" * len(value) + after[len(value) :]


def with_wrong_value(field: str) -> bytes:
    return proven({**fields(), field: DAMAGES[field][0]})


def without(field: str) -> bytes:
    values = fields()
    del values[field]
    return proven(values)


def test_every_field_comes_back() -> None:
    assert set(DAMAGES) == set(fields()) - {"kind"}
    header = read_header(LINE, "cd34")
    assert (header.draft, header.needs, header.problems) == (DRAFT, "", ())
    untitled = Draft("ef")
    assert read_header(JournalLines().draft(untitled)[:-1], "cd34").draft == untitled


@pytest.mark.parametrize("damage", [with_bad_bytes, with_wrong_value, without])
@pytest.mark.parametrize("field", DAMAGES)
def test_d47_a_damaged_field_is_named_and_costs_only_itself(field: str, damage: Any, tmp_path: Path) -> None:
    lines = JournalLines()
    lines.draft(DRAFT)
    text = lines.text(BaseText("Once upon a time", (Run(16, Author.HUMAN),)))
    journal = tmp_path / "00000003-cd34.journal"
    journal.write_bytes(damage(field) + b"\n" + text)
    content = journal.read_bytes()
    _, changed, problem = DAMAGES[field]

    (found,) = list_drafts([tmp_path], FileOps())
    assert (found.state, found.problem, found.n_words) == (DraftState.PARTIAL, problem, 4)
    recovered = recover(found, FileOps())
    assert recovered.draft == replace(DRAFT, **changed)
    assert (recovered.text, recovered.problem) == ("Once upon a time", problem)
    assert journal.read_bytes() == content


def test_d47_a_header_that_only_its_checksum_doubts_is_used_and_told(tmp_path: Path) -> None:
    header = read_header(b"0" + LINE[1:], "cd34")
    assert header.draft == DRAFT
    assert header.problems == ("The first record of the draft is damaged: what it tells of the draft may be wrong.",)


@pytest.mark.parametrize("line", [b"", b"\0" * 400, b"{}", proven({"kind": "text", "text": ""}), b'"draft"'])
def test_d47_a_header_that_is_gone(line: bytes) -> None:
    header = read_header(line, "cd34")
    assert header.draft == Draft("cd34")
    assert header.problems == ("The first record of the draft is lost: its title and its file are unknown.",)


def test_d47_several_fields_are_told_in_one_go() -> None:
    header = read_header(proven({**fields(), "title": 1, "bom": 1}), "cd34")
    assert header.problems == (DAMAGES["title"][2], DAMAGES["bom"][2])


@given(
    st.binary(max_size=300)
    | st.builds(lambda at, b: LINE[:at] + b + LINE[at + len(b) :], st.integers(0, 400), st.binary())
)
def test_d47_no_bytes_make_it_fail(line: bytes) -> None:
    header = read_header(line, "cd34")
    assert header.problems or header.draft == DRAFT


def test_d48_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "00000003-cd34.journal"
    lines = JournalLines()
    lines.draft(DRAFT)
    newer = lines.text(BaseText("who knows what it means there", (Run(29, Author.HUMAN),)))
    journal.write_bytes(proven({**fields(), "format": 2, "needs": "2.1.0"}) + b"\n" + newer)
    content = journal.read_bytes()
    (found,) = list_drafts([tmp_path], FileOps())
    assert (found.state, found.problem) == (DraftState.NEWER, "The draft needs Writer ≥ 2.1.0.")
    assert (found.title, found.path, found.n_words) == (DRAFT.title, DRAFT.path, 0)
    assert not found.recoverable
    with pytest.raises(WriterError) as refused:
        recover(found, FileOps())
    assert refused.value.message == "The draft needs Writer ≥ 2.1.0."
    assert journal.read_bytes() == content
    discard(found, FileOps(), datetime(2031, 5, 4, tzinfo=UTC))
    assert [path.read_bytes() for path in (tmp_path / "trash").iterdir()] == [content]


def test_d48_a_newer_format_that_does_not_say_what_it_needs() -> None:
    header = read_header(proven({**fields(), "format": 2, "needs": None}), "cd34")
    assert header.needs == "?"


@pytest.mark.parametrize("encoding", ["rot13", "hex", "utf-8-sig", "idna"])
def test_an_encoding_that_no_manuscript_has_is_not_believed(encoding: str) -> None:
    header = read_header(proven({**fields(), "encoding": encoding}), "cd34")
    assert header.problems == (DAMAGES["encoding"][2],)


def test_a_flipped_bit_does_not_make_a_newer_format() -> None:
    header = read_header(LINE.replace(b'"format":1', b'"format":9'), "cd34")
    assert header.needs == ""
    assert header.problems == (DAMAGES["format"][2],)
