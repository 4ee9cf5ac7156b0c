"""The tokens of a text that grows at its end, of which only the end is encoded anew."""

from functools import lru_cache

from writer.engine.tokenizer import Tokenizer

CHARS_PER_TOKEN = 16  # hardly a token of prose has more

_PIECE_CHARS = 200
_MOST_PIECES = 1024  # more than the text for any window has
_SAMPLE = "One two, “three”\nfour 5.\n\n Six's   seven!\n"


class TextTokens:
    """Encodes piece by piece and remembers the pieces.

    Byte-level BPE never joins what stands before white space to it, so a text may be divided there and the tokens are
    those of the whole. Whether a tokenizer is of that kind is tried once; others are given the whole text.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._encode = lru_cache(maxsize=_MOST_PIECES)(lambda piece: tuple(tokenizer.encode(piece)))
        whole = tuple(tokenizer.encode(_SAMPLE))
        places = [i for i in range(1, len(_SAMPLE)) if _is_run_start(_SAMPLE, i)]
        halves = [(_SAMPLE[:place], _SAMPLE[place:]) for place in places]
        self._is_divisible = all(self._encode(a) + self._encode(b) == whole for a, b in halves)

    def encode(self, text: str) -> tuple[int, ...]:
        """As the tokens stand in a text that goes on after a line break at the end: there the last one is a token of
        its own, while a text that ends in several would have one for all of them."""
        if not self._is_divisible:
            return self._encode(text) if text else ()
        body = text[:-1] if text.endswith("\n") else text
        ids = [token_id for piece in _cut_up(body) for token_id in self._encode(piece)]
        return (*ids, *self._encode("\n")) if body is not text else tuple(ids)

    def count(self, text: str) -> int:
        """How many tokens `encode` gives."""
        return len(self.encode(text))

    def start_of_last(self, text: str, most: int) -> int:
        """An index from which on `text` has at most `most` tokens, close to the first such index: 0 if that is so of
        all of it."""
        n_tokens = 0
        start = too_early = len(text)
        for piece in reversed(_cut_up(text)):
            n_tokens += len(self._encode(piece))
            too_early -= len(piece)
            if n_tokens > most:
                break
            start = too_early
        while start - too_early > max(1, (len(text) - start) // 16):
            middle = (start + too_early) // 2
            if self.count(text[middle:]) <= most:
                start = middle
            else:
                too_early = middle
        while start < len(text) and self.count(text[start:]) > most:  # the whole may have more than its pieces
            start += max(1, (len(text) - start) // 8)
        return start


def _cut_up(text: str) -> list[str]:
    """Pieces of at most some hundred characters, each the same whatever is added at the end of the text."""
    pieces = []
    begin = 0
    while len(text) - begin > _PIECE_CHARS:
        most = begin + _PIECE_CHARS
        end = max(text.rfind(" ", begin + 1, most), text.rfind("\n", begin + 1, most))
        while end > begin and not _is_run_start(text, end):
            end -= 1
        end = end if end > begin else most
        pieces.append(text[begin:end])
        begin = end
    return [*pieces, text[begin:]] if begin < len(text) else pieces


def _is_run_start(text: str, index: int) -> bool:
    """Whether white space begins there."""
    return text[index] in " \n" and not text[index - 1].isspace()
