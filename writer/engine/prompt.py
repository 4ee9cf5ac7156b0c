"""What a model is given to go on from, also where the writer stands in the middle of a word.

Tokens are not letters: after "the lig" the model has seen a token "lig", which it hardly ever met before "hthouse",
while it knows " lighthouse" well. So the prompt is backed up to where the word began, and the tokens that are drawn
must begin with what stands there already (token healing).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from writer.engine.logits_processors import Scores, log_sum
from writer.engine.tokenizer import Tokenizer
from writer.engine.vocabulary import TokenIds
from writer.engine.window import fit_window

_MOST_HEALED = 8  # tokens: longer runs without a space are no word that anybody is in the middle of
# Seven times as likely. Of 500 places within the words of a novel 18 had such a part, which was meant at five; of 500
# after a word 20, and none was meant. Where none is, it costs two steps.
_FAR_LIKELIER = 2.0


@dataclass(frozen=True)
class Prompt:
    """token_ids -- what the model reads; at least one
    typed -- bytes that stand after these already: the tokens drawn first must spell them, and what goes beyond is new
    start_char -- of the text that they were made from: what stands before it is not shown to the model
    """

    token_ids: tuple[int, ...]
    typed: bytes = b""
    start_char: int = 0


def plain_prompt(text: str, tokenizer: Tokenizer, limit_tokens: int) -> Prompt:
    """The end of `text` that fits, word for word. Only a single space at its end is left to the model, whose words
    begin with one."""
    ends_in_space = text.endswith(" ") and not text[:-1].endswith((" ", "\n"))
    window = fit_window(text[:-1] if ends_in_space else text, tokenizer.encode, limit_tokens)
    return Prompt(tuple(window.token_ids), b" " if ends_in_space else b"", window.start)


def healed_prompt(token_ids: Sequence[int], tokenizer: Tokenizer, start_token_id: int | None) -> Prompt:
    """A prompt for going on in the middle of a word: the last word and the white space before it are to be drawn anew.

    start_token_id -- is read in place of a text that is no more than that word; None: the model has no such token
    """
    kept, typed = list(token_ids), b""
    while kept and len(token_ids) - len(kept) < _MOST_HEALED:
        piece = tokenizer.token_bytes(kept[-1])
        before = tokenizer.token_bytes(kept[-2]) if len(kept) > 1 else b""
        kept.pop()
        typed = piece + typed
        if piece[:1].isspace() and not before[-1:].isspace():
            break
    if not kept:
        if start_token_id is None:
            return Prompt(tuple(token_ids))
        kept = [start_token_id]
    return Prompt(tuple(kept), typed)


def spelling_tokens(typed: bytes, tokenizer: Tokenizer) -> TokenIds:
    """The tokens of which one is to be drawn where `typed` must be spelled.

    One that is only the first part of it is often far likelier than those that spell it all, as " the" is than " they",
    and then nothing goes on from there that anybody writes. So it will do only where the tokenizer itself would begin
    like that, or where nothing else agrees with the letters."""
    vocabulary = tokenizer.vocabulary
    if typed.endswith(b" "):
        return vocabulary.leading_to(typed)
    whole = vocabulary.beginning_with(typed)
    first = tokenizer.encode(typed.decode("utf-8", "ignore"))[:1]
    parts = [i for i in first if typed.startswith(tokenizer.token_bytes(i)) and tokenizer.token_bytes(i) != typed]
    possible = np.concatenate([whole, np.array(parts, np.intp)])
    return possible if len(possible) else vocabulary.leading_to(typed)


def far_likelier_part(
    typed: bytes, tokenizer: Tokenizer, scores: Scores, possible: TokenIds, refused: Collection[int]
) -> tuple[int, float] | None:
    """A token that spells only the first part of `typed`, is none of those `possible` nor `refused`, and is far
    likelier by its scores (V,) than all that are possible together; and the logarithm of how many times.

    The tokenizer begins " Dod" with another token than " Dodo". Where the model has " Dodo" in mind, the token " D" has
    all the likelihood: and so has " the", where it has no thought of " they". The scores that follow tell which."""
    parts = tokenizer.vocabulary.first_parts(typed).tolist()  # a few, where there are thousands of the others
    parts = [i for i in parts if i not in refused and tokenizer.token_bytes(i).strip() and not (possible == i).any()]
    if not parts:
        return None
    likeliest = max(parts, key=lambda i: float(scores[i]))
    odds = float(scores[likeliest]) - log_sum(scores[possible])
    return (likeliest, odds) if odds > _FAR_LIKELIER else None
