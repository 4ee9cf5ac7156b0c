"""Which parts of two texts belong together: equal ones, and paragraphs that are alike."""

import re
from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher

_REACH = 8  # paragraphs looked ahead, in both texts together, for the next two that are alike
_SHORTEST_SHARED = 8  # code points of a common beginning or end that make two paragraphs alike
_LARGEST_MATCHED = 40_000  # pairs of tokens that difflib, which is quadratic, is given

_PUNCTUATION = r"!-/:-@\[-`{-~¡-¿‐-‧‰-⁞、-〿！-／"
_IDEOGRAPHS = "぀-ヿ㐀-鿿豈-﫿"  # written without spaces: each stands for itself
_WORD = rf"[^\s{_PUNCTUATION}{_IDEOGRAPHS}]+"
_TOKEN = re.compile(rf"{_WORD}(?:['’]{_WORD})*|\s+|.", re.DOTALL)

Pairs = list[tuple[int, int]]
"""(index in the old, index in the new), both growing."""


def tokens(paragraph: str) -> list[str]:
    """Its words, white space and signs; joined they are the paragraph again."""
    return _TOKEN.findall(paragraph)


def is_word(token: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in token)


def paragraph_pairs(olds: list[str], news: list[str]) -> Pairs:
    """Paragraphs that belong together, equal or alike, in order."""
    pairs: Pairs = []
    i = j = 0
    for next_i, next_j in [*_equal_pairs(olds, news, quadratic=False), (len(olds), len(news))]:
        pairs += [(i + left, j + right) for left, right in _alike_pairs(olds[i:next_i], news[j:next_j])]
        pairs.append((next_i, next_j))
        i, j = next_i + 1, next_j + 1
    return pairs[:-1]


def token_pairs(olds: list[str], news: list[str]) -> Pairs:
    """Tokens of two paragraphs that are equal, in order."""
    return _without_islands(_equal_pairs(olds, news, quadratic=True), olds, len(news))


def _without_islands(pairs: Pairs, olds: list[str], n_news: int) -> Pairs:
    """The pairs without those runs that hold no word and lie between two changes: they would only scatter the marks."""
    kept: Pairs = []
    run: Pairs = []
    for pair in [*pairs, (-1, -1)]:
        if run and pair != (run[-1][0] + 1, run[-1][1] + 1):
            at_an_end = run[0] == (0, 0) or run[-1] == (len(olds) - 1, n_news - 1)
            if at_an_end or any(is_word(olds[i]) for i, _ in run):
                kept += run
            run = []
        run.append(pair)
    return kept


def _alike_pairs(olds: list[str], news: list[str]) -> Pairs:
    """Step by step the nearest two paragraphs that are alike."""
    old_words, new_words = [_words(text) for text in olds], [_words(text) for text in news]
    pairs: Pairs = []
    i = j = 0

    def alike(left: int, right: int) -> bool:
        return _alike(olds[left], old_words[left], news[right], new_words[right])

    while i < len(olds) and j < len(news):
        ahead = (
            (i + step, j + distance - step)
            for distance in range(_REACH + 1)
            for step in range(distance + 1)
            if i + step < len(olds) and j + distance - step < len(news)
        )
        found = next((pair for pair in ahead if alike(*pair)), None)
        if found is not None:
            pairs.append(found)
            i, j = found
        i, j = i + 1, j + 1
    return pairs


def _words(text: str) -> frozenset[str]:
    return frozenset(token for token in tokens(text.lower()) if is_word(token))


def _alike(old: str, old_words: frozenset[str], new: str, new_words: frozenset[str]) -> bool:
    """Whether two paragraphs share half of their words, or one goes on from where the other ends or begins."""
    shared = (min(len(old), len(new)) + 1) // 2
    if shared >= _SHORTEST_SHARED and (old[:shared] == new[:shared] or old[-shared:] == new[-shared:]):
        return True
    n_words = len(old_words) + len(new_words)
    return n_words > 0 and 4 * len(old_words & new_words) >= n_words


def _equal_pairs(olds: list[str], news: list[str], *, quadratic: bool) -> Pairs:
    """Equal items that belong together, in order: what both begin and end with; then, again and again, items that
    occur once on either side.

    quadratic -- whether difflib looks at what is left, where that is short
    """
    pairs: Pairs = []
    open_parts = [(0, len(olds), 0, len(news))]
    while open_parts:
        i, end_i, j, end_j = open_parts.pop()
        while i < end_i and j < end_j and olds[i] == news[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        while i < end_i and j < end_j and olds[end_i - 1] == news[end_j - 1]:
            end_i, end_j = end_i - 1, end_j - 1
            pairs.append((end_i, end_j))
        if i == end_i or j == end_j:
            continue
        anchors = _unique_pairs(olds, i, end_i, news, j, end_j)
        if anchors:
            for next_i, next_j in anchors:
                open_parts.append((i, next_i, j, next_j))
                i, j = next_i + 1, next_j + 1
            open_parts.append((i, end_i, j, end_j))
            pairs += anchors
        elif quadratic and (end_i - i) * (end_j - j) <= _LARGEST_MATCHED:
            matcher = SequenceMatcher(None, olds[i:end_i], news[j:end_j], autojunk=False)
            for block in matcher.get_matching_blocks():
                pairs += [(i + block.a + step, j + block.b + step) for step in range(block.size)]
    return sorted(pairs)


def _unique_pairs(olds: list[str], i: int, end_i: int, news: list[str], j: int, end_j: int) -> Pairs:
    """Of the items that occur once on either side, the longest sequence that has the same order on both."""
    old_counts, new_counts = Counter(olds[i:end_i]), Counter(news[j:end_j])
    places = {text: place for place, text in enumerate(news[j:end_j], j) if new_counts[text] == 1 and text.strip()}
    candidates = [
        (place, places[text]) for place, text in enumerate(olds[i:end_i], i) if old_counts[text] == 1 and text in places
    ]
    # Patience sorting: each pile's top is the smallest end of an increasing sequence of the pile's length.
    tops: list[int] = []
    on_top: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(candidates):
        pile = bisect_left(tops, place)
        before.append(on_top[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place]
        on_top[pile : pile + 1] = [index]
    chain: Pairs = []
    index = on_top[-1] if on_top else -1
    while index >= 0:
        chain.append(candidates[index])
        index = before[index]
    chain.reverse()
    return chain
