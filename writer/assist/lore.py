"""Which lore entries the model is told: those whose keys stand in the text that it sees."""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache

from writer.assist.context_notes import LoreEntry
from writer.assist.pattern import Pattern, PatternError

# A window holds some thousand characters; what is longer is no text that a model sees.
_SEARCHED_CHARS = 20_000
# Patterns are searched for in Python: a character costs about a microsecond where few matches are under way at once.
_SEARCHED_BY_PATTERN = 4000
# Of all patterns together: the work of about 200 that are looked for in 4000 characters, half a second at most and
# only at the first search, since later ones know nearly all paragraphs.
_MOST_WORK = 1_000_000
_MOST_WORK_AT_ONCE = 100_000
_MOST_PATTERNS = 200


def select_lore(
    entries: Sequence[LoreEntry],
    recent_text: str,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    kept: Collection[str] = (),
) -> list[LoreEntry]:
    """The enabled entries of which a key stands in `recent_text`, the greater priority first, else in their order.

    Words are found whole, in any case; patterns paragraph by paragraph. A bad pattern finds nothing. An entry for which
    `budget_tokens` leave no room is passed over. kept -- ids of entries that count as found
    """
    chosen = []
    for entry in found_lore(entries, recent_text, kept):
        n_tokens = count_tokens(entry.text)
        if n_tokens <= budget_tokens:
            budget_tokens -= n_tokens
            chosen.append(entry)
    return chosen


def found_lore(entries: Sequence[LoreEntry], recent_text: str, kept: Collection[str] = ()) -> list[LoreEntry]:
    """As `select_lore`, whatever room they take."""
    words = _as_compared(recent_text[-_SEARCHED_CHARS:])
    paragraphs = recent_text[-_SEARCHED_BY_PATTERN:].split("\n")[::-1]
    work_left, patterns_left = _MOST_WORK, _MOST_PATTERNS
    found = []
    for entry in sorted(entries, key=lambda entry: -entry.priority):  # stable
        if not entry.enabled or not entry.text.strip():
            continue
        is_found = entry.id in kept
        for key in entry.keys if not is_found else ():
            if entry.is_regex and patterns_left > 0:
                is_found, work = _stands_in(key, paragraphs, work_left)
                work_left, patterns_left = work_left - work, patterns_left - 1
            elif not entry.is_regex:
                is_found = _is_word_in(_key_as_compared(key), words)
            if is_found:
                break
        if is_found:
            found.append(entry)
    return found


def key_problem(key: str, *, is_regex: bool) -> str:
    """What is wrong with a key, in one sentence; "" for nothing."""
    if not key.strip():
        return "A key must not be empty."
    pattern = _pattern(key) if is_regex else None
    return str(pattern) if isinstance(pattern, PatternError) else ""


def _as_compared(text: str) -> str:
    """Without what makes no difference: case, kinds of apostrophes, how accents are written, lengths of white space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().replace("’", "'").split())


_key_as_compared = lru_cache(maxsize=8192)(_as_compared)  # keys are asked for again at every build


def _is_word_in(key: str, text: str) -> bool:
    at = text.find(key) if key else -1
    while at >= 0:
        end = at + len(key)
        joins_before = at > 0 and _is_of_word(text[at - 1]) and _is_of_word(key[0])
        joins_after = end < len(text) and _is_of_word(text[end]) and _is_of_word(key[-1])
        if not joins_before and not joins_after:
            return True
        at = text.find(key, at + 1)
    return False


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _stands_in(key: str, paragraphs: Sequence[str], most_work: int) -> tuple[bool, int]:
    """(whether the pattern matches in one of them, the work that it took)"""
    work = 0
    for paragraph in paragraphs:
        if work > most_work:
            break
        is_found, more = _search(key, paragraph)
        work += more
        if is_found:
            return True, work
    return False, work


@lru_cache(maxsize=_MOST_PATTERNS)
def _pattern(key: str) -> Pattern | PatternError:
    try:
        return Pattern(key)
    except PatternError as error:
        return error


# While somebody writes, all paragraphs but the last stay as they are.
@lru_cache(maxsize=8192)
def _search(key: str, paragraph: str) -> tuple[bool, int]:
    pattern = _pattern(key)
    return (False, 0) if isinstance(pattern, PatternError) else pattern.search(paragraph, _MOST_WORK_AT_ONCE)
