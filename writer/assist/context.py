"""What the model is shown: the writer's notes, then as much of the text before the caret as there is room for.

    memory, lore, pins, text ... author's note ... text

What a model has read, it need not read again as long as the tokens begin the same, so all of this is made to stay as it
was from one key to the next. The text begins where it began before until the window is full; then it is cut in one
large step, at the start of a paragraph or sentence. While the writer pauses that is done early, so that nobody waits.
What comes before the text changes only by what the writer notes, by new lore, or when the text is read anew anyway.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from writer.assist.context_notes import ContextNotes, Pin
from writer.assist.context_parts import ALL_NOTES_SHARE, NOTE_SIGN, ContextPart, Head, NoteParts, Origin
from writer.assist.text_tokens import CHARS_PER_TOKEN, TextTokens
from writer.engine.prompt import Prompt, healed_prompt
from writer.engine.tokenizer import Tokenizer
from writer.engine.window import start_after
from writer.errors import WriterError

__all__ = ["Context", "ContextBuilder", "ContextPart", "Origin"]

# The room that every request leaves free at most (`engine.generate.reserve_tokens`): notes are measured by what is
# left then, so that they do not change with the length that is asked for.
_STANDARD_ROOM = 3, 4
_EARLY = 11, 12  # of that room: from here on a pause is used for a cut. 64 of 1024 tokens are a minute's writing
_KEPT = 5, 8  # of the room for text: what a cut leaves
_LEAST_IDLE, _LEAST = 4, 8  # of it: with less than that part before the caret, the text begins earlier again

_SIGNATURE_CHARS = 48
_PARAGRAPH_START = re.compile(r"\n(?=[^\S\n]*\S)|\n\s*\Z")
_NOTE_SEAM = 4  # tokens that a text may have more of when it is divided
_MOST_HEALED = 9  # tokens looked at for the beginning of a word


@dataclass(frozen=True)
class Context:
    """`parts` are, one after the other, exactly `token_ids`, those of the prompt.

    horizon -- the code point in the document from which the model sees the text
    text -- what the tokens stand for; `prompt.typed` follows it
    left_out -- titles of lore and pins for which there was no room
    """

    parts: tuple[ContextPart, ...]
    prompt: Prompt
    horizon: int
    text: str
    left_out: tuple[str, ...] = ()

    @property
    def token_ids(self) -> tuple[int, ...]:
        return self.prompt.token_ids

    @property
    def n_tokens(self) -> int:
        return len(self.prompt.token_ids)

    @property
    def never_written(self) -> tuple[str, ...]:
        """Phrases by which the model is told something: what it writes would look as if it were told."""
        return (NOTE_SIGN,) if any(part.origin is Origin.NOTE for part in self.parts) else ()

    @property
    def context_hash(self) -> str:
        """SHA-256 of the token ids (four bytes each, the lowest first), hex."""
        return hashlib.sha256(b"".join(i.to_bytes(4, "little") for i in self.token_ids)).hexdigest()


@dataclass(frozen=True)
class _Plan:
    """What a context is made of. room -- tokens that there are for all of it"""

    text: str
    offset: int
    notes: ContextNotes
    note: ContextPart
    room: int

    @property
    def early(self) -> int:
        """More tokens than this are a reason for a cut as soon as it costs nobody anything."""
        return _part(self.room, _EARLY)

    @property
    def n_note(self) -> int:
        return len(self.note.token_ids) + _NOTE_SEAM if self.note.token_ids else 0

    @property
    def room_before(self) -> int:
        """Tokens that there are for what stands before the text."""
        return max(0, self.room // ALL_NOTES_SHARE - self.n_note)


class ContextBuilder:
    """Of one model and one document. It remembers where the text it showed last began.

    longest_chars -- so much of the text before the caret is of use to `build`
    """

    def __init__(self, tokenizer: Tokenizer, n_ctx: int, start_token_id: int | None) -> None:
        """start_token_id -- is read where there is nothing else to read; None: the model has no such token"""
        self.longest_chars = n_ctx * CHARS_PER_TOKEN
        self._tokenizer, self._n_ctx, self._start_token_id = tokenizer, n_ctx, start_token_id
        self._tokens = TextTokens(tokenizer)
        self._note_parts = NoteParts(self._tokens)
        self._cut: tuple[int, str] | None = None  # where the text began in the document, and how
        self._head = Head()

    def build(self, text_before: str, offset: int, notes: ContextNotes, reserve: int, *, idle: bool = False) -> Context:
        """What the model is shown for going on at the caret: at most n_ctx - reserve tokens, those of `prompt.typed`
        counted too.

        text_before -- the text right before the caret, of which no more than `longest_chars` is looked at
        offset -- the code point in the document at which it begins
        idle -- nobody waits: what has to be read anew soon may as well be read now

        Raises WriterError when there is nothing to read at all.
        """
        if len(text_before) > self.longest_chars:
            offset += len(text_before) - self.longest_chars
            text_before = text_before[-self.longest_chars :]
        limit = max(1, self._n_ctx - reserve)
        room = min(limit, _part(self._n_ctx, _STANDARD_ROOM))
        note = self._note_parts.note(notes, room)
        plan = _Plan(text_before, offset, notes, note, room)
        cut = self._kept_cut(text_before, offset)
        if cut is None:
            start, head = self._cut_anew(plan, self._make_head(plan, 0, ()))
        else:
            start, head = cut, self._make_head(plan, cut, () if idle else self._head.kept)
            n_text = self._tokens.count(text_before[start:])
            n_before = head.n_tokens + plan.n_note
            most = plan.early if idle or head.token_ids != self._head.token_ids else limit
            is_short = start + offset > 0 and n_text * (_LEAST_IDLE if idle else _LEAST) < plan.early - n_before
            if is_short or n_before + n_text > most:
                start, head = self._cut_anew(plan, head)
        self._cut = (offset + start, text_before[start : start + _SIGNATURE_CHARS])
        self._head = head
        return self._put_together(head, note, notes.note_depth, text_before[start:], offset + start)

    # -- where the text begins --------------------------------------------------------------------------------------

    def _kept_cut(self, text: str, offset: int) -> int | None:
        """Where it began before, as an index into `text`, also when it has moved by changes before it; None when that
        is no longer there."""
        if self._cut is None:
            return None
        place, signature = self._cut
        index = place - offset
        if place == 0:
            return 0 if offset == 0 else None
        if 0 <= index <= len(text) and text.startswith(signature, index):
            return index
        if len(signature) < _SIGNATURE_CHARS:
            return None
        found = [match.start() for match in re.finditer(f"(?={re.escape(signature)})", text)]
        return min(found, key=lambda other: abs(other - index), default=None)

    def _cut_anew(self, plan: _Plan, head: Head) -> tuple[int, Head]:
        """(where the text is to begin, what then stands before it). What the text shows decides about lore and pins,
        so that a cut may bring others; where those do not fit, as many are made room for as there can be."""
        start = self._new_cut(plan, head.n_tokens)
        head = self._make_head(plan, start, ())
        if head.n_tokens + self._tokens.count(plan.text[start:]) > plan.early - plan.n_note:
            start = self._new_cut(plan, plan.room_before)
            head = self._make_head(plan, start, ())
        return start, head

    def _new_cut(self, plan: _Plan, n_before: int) -> int:
        """Where to begin after that many tokens, so that a good part of the room is used and a good part left for what
        comes."""
        text, offset, room = plan.text, plan.offset, plan.early - plan.n_note - n_before
        if offset == 0 and self._tokens.start_of_last(text, room) == 0:
            return 0
        first = self._tokens.start_of_last(text, _part(room, _KEPT))
        if offset > 0:  # `text` begins later at the next key, and must have that place in it still
            first = max(first, len(text) - _part(len(text), _KEPT) - 1)
        return start_after(text, first, (len(text) - first) // 2)

    def _make_head(self, plan: _Plan, start: int, kept: Collection[str | Pin]) -> Head:
        """What stands before a text that is shown from `start` on."""
        return self._note_parts.head(plan.notes, plan.text[start:], plan.room, plan.room_before, kept)

    # -- putting together -------------------------------------------------------------------------------------------

    def _put_together(self, head: Head, note: ContextPart, depth: int, text: str, start: int) -> Context:
        is_left_to_model = text.endswith(" ")
        shown = text[:-1] if is_left_to_model else text
        parts = list(head.parts)
        if note.token_ids:
            at = _note_place(shown, depth)
            if at:
                parts.append(ContextPart(Origin.TEXT, "", self._tokens.encode(shown[:at]), start))
            parts.append(note)
            shown, last_start = shown[at:], start + at
        else:
            last_start = start
        ids = self._tokens.encode(shown)
        typed = b" " if is_left_to_model else b""
        if _is_in_word(shown) and not typed:
            ids, typed = self._healed(ids)
        if ids:
            parts.append(ContextPart(Origin.TEXT, "", ids, last_start))
        if not parts:
            if self._start_token_id is None:
                if not text:
                    raise WriterError("There is nothing to continue yet.", "Write a sentence or two first.")
                ids, typed = self._tokens.encode(text), b""
            else:
                ids = (self._start_token_id,)
            parts.append(ContextPart(Origin.TEXT, "", ids, last_start))
        token_ids = tuple(token_id for part in parts for token_id in part.token_ids)
        prompt = Prompt(token_ids, typed, start)
        return Context(tuple(parts), prompt, start, self._tokenizer.decode(token_ids), head.left_out)

    def _healed(self, ids: tuple[int, ...]) -> tuple[tuple[int, ...], bytes]:
        """(tokens without the word at the end, that word): no further back than to the beginning of its line."""
        begin = len(ids)
        while begin and len(ids) - begin < _MOST_HEALED and b"\n" not in self._tokenizer.token_bytes(ids[begin - 1]):
            begin -= 1
        line = ids[begin:]
        # The stand-in is never read: what stands before the line is, and without any the caller sees to it.
        healed = healed_prompt(line, self._tokenizer, line[0] if line else None)
        if len(healed.typed) == sum(len(self._tokenizer.token_bytes(i)) for i in line):
            return ids[:begin], healed.typed
        return (*ids[:begin], *healed.token_ids), healed.typed


def _part(number: int, fraction: tuple[int, int]) -> int:
    return number * fraction[0] // fraction[1]


def _is_in_word(text: str) -> bool:
    """Whether a letter typed now would go on with the word before it."""
    return text[-1:].isalnum() or (text[-1:] in ("'", "’") and text[-2:-1].isalpha())


def _note_place(text: str, depth: int) -> int:
    """Where the paragraph begins that is the `depth`-th from the end; an empty one at the end counts."""
    starts = [0, *(found.end() for found in _PARAGRAPH_START.finditer(text))]
    return starts[max(0, len(starts) - max(1, depth))]
