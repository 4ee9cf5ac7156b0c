"""The journal of a draft: every edit since the manuscript was last saved, as lines that each prove themselves.

A journal is a file of ASCII lines, ``crc32 seq json``: eight hex digits of the CRC-32 of the rest, the line's number
from 0, and one object. Its "kind" is one of

- ``draft``, first: what the edits are of (`Draft`), the format's number, and the oldest Writer that reads it;
- ``text``: a whole text with authorship, generations and notes, from which the changes lead on;
- ``change``: at which place how much gave way to what, and how long the text was before;
- ``generation``: how the model's text of that id came about;
- ``notes``: what the writer wants the model to know now, in the place of what that was before;
- ``caret``: where the writer was.

Kinds that a reader does not know are passed over; a change of meaning gets a new format number.
"""

import base64
import json
import re
import secrets
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from writer import __version__
from writer.document.change import Change
from writer.document.files.encoding import TextFormat
from writer.document.generation_record import GenerationRecord
from writer.document.notes import Notes, checked_notes
from writer.document.provenance import Author, Run
from writer.document.versions.packing import runs_to_json

FORMAT = 1
NEEDS_WRITER = "0.1.0"  # the first that reads FORMAT
SUFFIX = ".journal"

_LONG_TEXT = 4_096  # code points; from there on it is compressed
_T = TypeVar("_T")
_NAME = re.compile(r"(\d{8,})-([0-9A-Za-z]+)" + re.escape(SUFFIX))


@dataclass(frozen=True)
class Draft:
    """What a journal is of.

    id -- stays with the document through crashes; see `new_draft_id`
    title -- for lists; "" for none
    path -- the manuscript's, links resolved; None when it was never saved
    sha256 -- of the bytes of the manuscript that the edits are based on, hex; "" when there is none
    started -- when the first edit was made
    """

    id: str
    title: str = ""
    path: Path | None = None
    format: TextFormat = field(default_factory=TextFormat)
    sha256: str = ""
    started: datetime | None = None


@dataclass(frozen=True)
class BaseText:
    """A whole text that changes start from.

    saved -- whether the draft's manuscript holds it
    notes -- as in `Document.notes`; None where they are not told, as by a Writer that knew of none
    """

    text: str
    runs: tuple[Run, ...]
    generations: tuple[GenerationRecord, ...] = ()
    saved: bool = True
    notes: Notes | None = None


def new_draft_id() -> str:
    return secrets.token_hex(8)


def journal_name(order: int, draft_id: str) -> str:
    """The name of a draft's file; a higher `order` tells the newer one, whatever the clock said."""
    return f"{order:08d}-{draft_id}{SUFFIX}"


def parse_name(name: str) -> tuple[int, str] | None:
    """(order, draft id) of a journal's name; None for any other file's."""
    match = _NAME.fullmatch(name)
    return (int(match[1]), match[2]) if match else None


def is_journal_of(name: str, draft_id: str) -> bool:
    parsed = parse_name(name)
    return parsed is not None and parsed[1] == draft_id


class JournalLines:
    """The next lines of one journal, numbered. A copy made before a write that fails takes the numbers back."""

    def __init__(self) -> None:
        self._seq = 0
        self._length = 0  # of the text after the lines so far, code points

    def draft(self, draft: Draft) -> bytes:
        return self._line(
            "draft",
            format=FORMAT,
            needs=NEEDS_WRITER,
            writer=__version__,
            id=draft.id,
            title=draft.title,
            path=None if draft.path is None else str(draft.path),
            encoding=draft.format.encoding,
            bom=draft.format.bom.hex(),
            newline=draft.format.newline,
            sha256=draft.sha256,
            started=None if draft.started is None else draft.started.isoformat(),
        )

    def text(self, base: BaseText) -> bytes:
        self._length = len(base.text)
        notes = {} if base.notes is None else {"notes": _packed_notes(base.notes)}
        return self._line(
            "text",
            **packed(base.text),
            length=len(base.text),
            runs=runs_to_json(base.runs),
            generations=[record.to_json() for record in base.generations],
            saved=base.saved,
            **notes,
        )

    def items(self, items: Iterable[Change | GenerationRecord]) -> bytes:
        return b"".join(
            self._change(item) if isinstance(item, Change) else self._line("generation", record=item.to_json())
            for item in items
        )

    def notes(self, notes: Notes) -> bytes:
        return self._line("notes", notes=_packed_notes(notes))

    def caret(self, position: int | None) -> bytes:
        """Nothing for None: the caret is where the last change ends."""
        return b"" if position is None else self._line("caret", position=position)

    def _change(self, change: Change) -> bytes:
        values: dict[str, Any] = {"start": change.start, "removed": len(change.removed), "before": self._length}
        values |= packed(change.inserted)
        if change.author is not Author.HUMAN:
            values["author"] = change.author
        if change.generation is not None:
            values["generation"] = change.generation
        if change.inserted_runs != usual_runs(change.inserted, change.author, change.generation):
            values["runs"] = runs_to_json(change.inserted_runs)
        self._length += len(change.inserted) - len(change.removed)
        return self._line("change", **values)

    def _line(self, record_kind: str, **values: Any) -> bytes:
        body = f"{self._seq} {_json({'kind': record_kind, **values})}".encode("ascii")
        self._seq += 1
        return b"%08x %b\n" % (zlib.crc32(body), body)


def parse_line(line: bytes) -> tuple[int, dict[str, Any]] | None:
    """(seq, record) of a line without its end; None when it is not what was written."""
    crc, _, body = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(body):
        return None
    seq, _, record = body.partition(b" ")
    try:
        values = json.loads(record)
        return (int(seq), values) if isinstance(values, dict) else None
    except (ValueError, RecursionError):
        return None


def packed(text: str) -> dict[str, str]:
    """A text as fields of a record: as it is, or compressed when it is long or JSON would change it."""
    if len(text) <= _LONG_TEXT and not _has_surrogates(text):
        return {"text": text}
    data = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
    return {"zlib": base64.b64encode(data).decode("ascii")}


def unpacked(record: dict[str, Any]) -> str:
    """The text of such fields. Raises ValueError."""
    if "zlib" not in record:
        return expect(record.get("text"), str)
    try:
        data = zlib.decompress(base64.b64decode(expect(record["zlib"], str), validate=True))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return data.decode("utf-8", "surrogatepass")


def usual_runs(text: str, author: Author, generation: str | None) -> tuple[Run, ...]:
    """Authorship of a text that was written at once."""
    return (Run(len(text), author, generation),) if text else ()


def unpacked_generations(values: object) -> tuple[GenerationRecord, ...]:
    """Raises ValueError."""
    return tuple(GenerationRecord.from_json(expect(value, dict)) for value in expect(values, list))


def unpacked_notes(value: object) -> Notes | None:
    """The notes in a record's field of that name; None for what are none: they are no reason to lose a text."""
    try:
        return checked_notes(json.loads(unpacked(expect(value, dict))))
    except (ValueError, RecursionError):
        return None


def expect(value: object, kind: type[_T]) -> _T:
    """`value`, if it is exactly of that type: True is no number. Raises ValueError."""
    if type(value) is not kind:
        raise ValueError(f"{kind.__name__} expected")
    return value


def _packed_notes(notes: Notes) -> dict[str, str]:
    return packed(_json(dict(notes)))


def _has_surrogates(text: str) -> bool:
    """JSON would make one character of two surrogates that follow each other."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _json(record: dict[str, Any]) -> str:
    # A setting of a type that JSON has no form for must not keep a writer's text off the disk.
    return json.dumps(record, separators=(",", ":"), default=str)
