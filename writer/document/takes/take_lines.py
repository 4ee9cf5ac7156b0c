"""What the file of one document's takes holds: lines that each prove themselves.

A line is ``crc32 json`` between line feeds of its own: eight hex digits of the CRC-32 of the rest, and one object in
UTF-8. Its "kind" is one of

- ``take``: a take as `TakeRecord` writes it, under "take"; of two with one id the later counts;
- ``change``: "values" that have taken the place of earlier ones in the take with that "id".

A line that was cut or damaged costs only itself: those around it have their own line feeds. Kinds and fields that a
reader does not know are passed over, and stay when the file is written anew; a change of meaning gets a new kind.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from writer.document.takes.take_record import TakeRecord
from writer.document.versions.packing import from_bytes

_MUCH = 64 * 2**10  # bytes that later lines have made superfluous ...
_SHARE = 4  # ... and that are more than so much of a file are reason to write it anew


def take_lines(records: Iterable[TakeRecord]) -> bytes:
    return b"".join(_take(record.to_json()) for record in records)


def change_line(id_: str, values: Mapping[str, Any]) -> bytes:
    """`values`: by the names of fields, as JSON has them."""
    return _line({"kind": "change", "id": id_, "values": values})


@dataclass
class TakesRead:
    """A file that was read.

    takes -- {id: a take as JSON has it, with all changes}, the oldest first
    others -- lines that this version cannot read
    n_superfluous -- bytes of lines that later ones have replaced
    """

    takes: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: list[bytes] = field(default_factory=list)
    n_superfluous: int = 0
    _lengths: dict[str, int] = field(default_factory=dict)  # of the lines with the takes

    @classmethod
    def of(cls, data: bytes) -> "TakesRead":
        """Never raises for any content."""
        read = cls()
        for line in data.split(b"\n"):
            if line:
                read._take_line(line)
        return read

    def records(self) -> list[TakeRecord]:
        """Those that make sense to this version."""
        found = []
        for values in self.takes.values():
            try:
                found.append(TakeRecord.from_json(values))
            except ValueError:
                continue
        return found

    def to_bytes(self, without: Collection[str] = ()) -> bytes:
        """Lines that say the same in the least room, `without` the takes of these ids."""
        takes = [_take(values) for id_, values in self.takes.items() if id_ not in without]
        return b"".join([*takes, *(b"\n%b\n" % line for line in self.others)])

    def is_wasteful(self, length: int) -> bool:
        """Whether a file of so many bytes is worth writing anew."""
        return self.n_superfluous > max(_MUCH, length // _SHARE)

    def _take_line(self, line: bytes) -> None:
        match _parsed(line):
            case {"kind": "take", "take": {"id": str(id_)} as take}:
                self.n_superfluous += self._lengths.get(id_, 0)
                self.takes[id_] = take
                self._lengths[id_] = len(line)
            case {"kind": "change", "id": str(id_), "values": dict() as values} if id_ in self.takes:
                self.n_superfluous += len(line)
                self.takes[id_] |= values | {"id": id_}
            case _:
                self.others.append(line)


def _take(values: Mapping[str, Any]) -> bytes:
    return _line({"kind": "take", "take": values})


def _line(record: Mapping[str, Any]) -> bytes:
    # A setting of a type that JSON has no form for must not keep a take off the disk.
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str)
    body = text.encode("utf-8", "surrogatepass")
    return b"\n%08x %b\n" % (zlib.crc32(body), body)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """None for what is not what was written."""
    crc, _, body = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(body):
        return None
    try:
        return from_bytes(body)
    except ValueError:
        return None
