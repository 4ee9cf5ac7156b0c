"""How many words a document has, without reading it again at each change."""

from writer.document.change import Change
from writer.document.document import Document


class WordCount:
    """Follows one document for as long as that lives: `len(document.text.split())` at the price of the change alone."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.value = len(document.text.split())
        document.subscribe(self._follow)

    def _follow(self, change: Change) -> None:
        # Only what a change touches can begin or end a word, and a character each side tells whether it joins one.
        end = change.inserted_end
        before = self._document.slice(max(0, change.start - 1), change.start)
        after = self._document.slice(end, min(end + 1, len(self._document)))
        self.value += len(f"{before}{change.inserted}{after}".split()) - len(f"{before}{change.removed}{after}".split())
