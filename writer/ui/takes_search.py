"""Searching the takes in portions, so that the window goes on between them."""

from collections.abc import Iterator, Sequence

from writer.document.takes.take_record import TakeRecord, search

_PORTION = 200  # takes that are searched without a pause


class TakesSearch:
    """Remembers the last search: who goes on typing finds no more than before, and only that is looked through again.

    records -- of one text, the oldest first
    """

    def __init__(self, records: Sequence[TakeRecord] = ()) -> None:
        self._records = records
        self._before: tuple[str, Sequence[TakeRecord]] = ("", records)  # the last words, and what has them

    def find(self, query: str) -> Iterator[list[TakeRecord] | None]:
        """Yields None where what the writer types may come in between, and at last what is to be listed: pinned takes
        first, and of these and of the others the newest first."""
        before, among = self._before
        records = among if query.startswith(before) else self._records
        found: list[TakeRecord] = []
        portion = max(1, _PORTION if query else len(records))  # all of them are found at once
        for end in range(len(records), 0, -portion):
            if end < len(records):
                yield None
            found += search(records[max(0, end - portion) : end], query)
        found.sort(key=lambda record: not record.is_pinned)
        ids = {record.id for record in found}
        self._before = (query, [record for record in records if record.id in ids] if query else records)
        yield found
