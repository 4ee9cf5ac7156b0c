"""The first line of a journal, read field by field: one that is damaged costs only itself."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from writer.document.drafts.journal import FORMAT, Draft, expect, parse_line
from writer.document.files.encoding import ENCODINGS, TextFormat

_NEWLINES = ("\n", "\r\n", "\r", "")
_UNUSUAL_ENCODINGS = ("utf-32-le", "utf-32-be")  # only ever found by their byte order marks
_DAMAGED = "The first record of the draft is damaged: what it tells of the draft may be wrong."
_LOST = "The first record of the draft is lost: its title and its file are unknown."


@dataclass(frozen=True)
class Header:
    """What a journal says of itself.

    needs -- the oldest Writer that reads it, when this one does not; "?" when that is damaged; "" otherwise
    problems -- one sentence for each field that is damaged
    """

    draft: Draft
    needs: str
    problems: tuple[str, ...]


def read_header(line: bytes, draft_id: str) -> Header:
    """The header in a journal's first line; `draft_id` is that of the file's name. Never raises."""
    parsed = parse_line(line)
    proven = parsed is not None and parsed[1].get("kind") == "draft"
    record = parsed[1] if proven and parsed is not None else _fields_of(line)
    if not any(name in record for name in _FIELDS):
        return Header(Draft(draft_id), "", (_LOST,))
    values: dict[str, Any] = {}
    problems = []
    for name, (check, default, problem) in _FIELDS.items():
        try:
            values[name] = check(record[name])
        except (KeyError, ValueError):
            values[name] = draft_id if name == "id" else default
            problems.append(problem)
    newer = values["format"] > FORMAT
    if newer and not proven:  # more likely a flipped bit
        newer = False
        problems.insert(0, _FIELDS["format"][2])
    if not proven and not problems:
        problems.append(_DAMAGED)
    draft = Draft(
        values["id"],
        values["title"],
        values["path"],
        TextFormat(values["encoding"], values["bom"], values["newline"]),
        values["sha256"],
        values["started"],
    )
    return Header(draft, values["needs"] if newer else "", () if newer else tuple(problems))


def _fields_of(line: bytes) -> Mapping[str, Any]:
    """The fields of a record that does not prove itself, each for itself."""
    found: dict[str, Any] = {}
    for match in _FIELD.finditer(line.decode("latin-1")):
        try:
            found.setdefault(match[1], json.loads(match[2]))
        except ValueError:
            continue
    return found


def _format(value: object) -> int:
    number = expect(value, int)
    if number < 1:
        raise ValueError("formats count from 1")
    return number


def _version(value: object) -> str:
    return _matching(value, r"\d+(\.\w+)+")


def _id(value: object) -> str:
    return _matching(value, r"[0-9A-Za-z]+")


def _title(value: object) -> str:
    return expect(value, str)


def _path(value: object) -> Path | None:
    if value is None:
        return None
    path = Path(expect(value, str))
    if not path.is_absolute() or "\0" in str(path):
        raise ValueError("no absolute path")
    return path


def _encoding(value: object) -> str:
    name = expect(value, str)
    if name not in ENCODINGS and name not in _UNUSUAL_ENCODINGS:
        raise ValueError("no encoding")
    return name


def _bom(value: object) -> bytes:
    return bytes.fromhex(expect(value, str))


def _newline(value: object) -> str:
    if value not in _NEWLINES:
        raise ValueError("no line end")
    return expect(value, str)


def _sha256(value: object) -> str:
    return _matching(value, r"[0-9a-f]{64}|")


def _started(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(expect(value, str))


def _matching(value: object, pattern: str) -> str:
    text = expect(value, str)
    if not re.fullmatch(pattern, text):
        raise ValueError("not of its form")
    return text


_FIELDS: dict[str, tuple[Callable[[object], Any], Any, str]] = {
    "format": (_format, FORMAT, f"The format number of the draft is damaged; it was read as format {FORMAT}."),
    "needs": (_version, "?", "The version of Writer that the draft needs is damaged."),
    "writer": (_version, "", "The version of Writer that wrote the draft is damaged."),
    "id": (_id, "", "The identifier of the draft is damaged; that of its file name stands in."),
    "title": (_title, "", "The title of the draft is damaged."),
    "path": (_path, None, "The file name of the manuscript is damaged; the draft opens as a new document."),
    "encoding": (_encoding, "utf-8", "The encoding of the manuscript is damaged; UTF-8 stands in."),
    "bom": (_bom, b"", "The byte order mark of the manuscript is damaged; none stands in."),
    "newline": (_newline, "\n", "The line end of the manuscript is damaged; a line feed stands in."),
    "sha256": (
        _sha256,
        "",
        "The checksum of the manuscript is damaged; whether the file was changed since is told by its text alone.",
    ),
    "started": (_started, None, "The date of the draft is damaged."),
}
_FIELD = re.compile(r'"(' + "|".join(_FIELDS) + r')":("(?:[^"\\]|\\.)*"|null|-?\d+)(?=[,}])')
