"""One continuation while it is being drawn: which text may be shown, when it ends, and when to go back.

It knows nothing of sessions and caches: whoever feeds it the model's scores keeps those in step with `drawn`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from writer.engine.config import GenerationConfig
from writer.engine.events import Alternative, FinishReason, TakenBack, Token
from writer.engine.logits_processors import Scores, log_sum
from writer.engine.penalties import Dry
from writer.engine.prompt import Prompt, far_likelier_part, spelling_tokens
from writer.engine.sampler import SamplerChain
from writer.engine.session import Logits
from writer.engine.steering import Steering
from writer.engine.text_rules import BannedPhrases, StopStrings, TextRule
from writer.engine.tokenizer import StreamingDetokenizer, Tokenizer

_MOST_LOOPS = 3  # a text that has turned in a circle so often will not get out of it
_MOST_REFUSALS = 64  # tokens at one place
_LEAD_TOKENS = 16  # of the prompt, in which a banned phrase may begin
# After a loop DRY penalises phrases that stand there already, with the values that its author recommends (p-e-w).
_LOOP_MULTIPLIER, _LOOP_BASE, _LOOP_ALLOWED = 0.8, 1.75, 2


@dataclass(frozen=True)
class Step:
    """What one draw has led to.

    token -- with the text that may now be shown; None when what was drawn does not stand
    taken_back -- text that was shown and stands no more
    reason -- why nothing follows; None while the text goes on
    """

    token: Token | None = None
    taken_back: TakenBack | None = None
    reason: FinishReason | None = None


@dataclass(frozen=True)
class _Judgement:
    """As a Verdict; `reason` goes with an end."""

    safe: int
    end: int | None
    unwanted_from: int | None
    reason: FinishReason | None


class Continuation:
    """`drawn` are the tokens that stand; the model's scores for the next one are asked for by `draw`."""

    def __init__(
        self,
        prompt: Prompt,
        config: GenerationConfig,
        tokenizer: Tokenizer,
        eos_token_ids: Sequence[int],
        seed: int,
        steering: Steering,
    ) -> None:
        self._prompt, self._config, self._tokenizer, self._steering = prompt, config, tokenizer, steering
        self._eos_token_ids = frozenset(eos_token_ids)
        self._chain = SamplerChain.from_config(
            config,
            n_prompt_tokens=len(prompt.token_ids),
            eos_token_ids=eos_token_ids,
            encode=tokenizer.encode,
            ends_in_letter=lambda token_id: _ends_in_letter(tokenizer.token_bytes(token_id)),
            seed=seed,
            blend=steering.blend,
        )
        self._rules = _rules(prompt, config, tokenizer, steering)
        self.drawn: list[int] = []
        self._token_ids = list(prompt.token_ids)  # everything the sampler's penalties look back on
        self._entropies: list[float] = []
        self._refused: defaultdict[int, set[int]] = defaultdict(set)  # by place: tokens that led to what must not be
        self._odds: dict[int, float] = {}  # by place: of a token that is only part of the letters typed
        self._n_loops = 0
        self._dry: Dry | None = None
        self._n_given = 0  # of `drawn`: as Token events
        self._shown = 0  # characters given out
        self._n_safe = 0  # characters that may be
        self._read_back()

    def draw(self, logits: Logits) -> Step:
        """Draw the token that follows `drawn` from its scores (V,), which stay as they are."""
        place = len(self.drawn)
        if not self._is_meant(logits):
            return self._draw_again(place - 1)
        scores = self._restrict(logits.copy(), place)
        if scores is None:
            return self.give_up(FinishReason.NOTHING_ALLOWED)
        token_id = self._chain.sample(self._token_ids, scores)
        self._chain.accept(token_id)
        logprob, alternatives, entropy = _report(logits, token_id, self._tokenizer, self._config.n_alternatives)
        self.drawn.append(token_id)
        self._token_ids.append(token_id)
        self._entropies.append(entropy)
        self._starts.append(len(self._text))
        is_end = token_id in self._eos_token_ids
        if not is_end:
            self._spell(token_id)
        is_over = is_end or len(self.drawn) == self._config.max_new_tokens
        judged = self._judge(self._text, is_over=is_over)
        if judged.unwanted_from is not None:
            return self._refuse(self._place_of(judged.unwanted_from))
        watch = self._steering.watch
        if judged.end is None and watch is not None:
            n_good = watch.look(self.drawn, self._entropies)
            if n_good is not None:
                return self._leave_loop(n_good)
        old, self._n_given = self._text[: self._shown], len(self.drawn)
        self._n_safe = max(self._n_safe, judged.safe) if judged.end is None else judged.end
        self._shown = min(self._shown, self._n_safe)
        shown = self._text[self._shown : self._n_safe]
        taken_back = self._taken_back(old, self._n_given)
        self._shown = self._n_safe
        reason = judged.reason
        if judged.end is None and is_over:
            reason = FinishReason.END_OF_TEXT if is_end else FinishReason.LENGTH
        return Step(Token(shown, token_id, logprob, alternatives), taken_back, reason)

    def give_up(self, reason: FinishReason) -> Step:
        """End the text here, although the rules did not."""
        return self._end_after(len(self.drawn), reason)

    def _judge(self, text: str, *, is_over: bool) -> "_Judgement":
        """What all rules together say of `text`, which is all that has been drawn or the beginning of it."""
        safe, end, reason = len(text), None, None
        verdicts = [(rule, rule.look(text, min(self._n_safe, len(text)), is_over=is_over)) for rule in self._rules]
        for rule, verdict in verdicts:
            safe = min(safe, verdict.safe)
            if verdict.end is not None and (end is None or verdict.end < end):
                end = verdict.end
                reason = FinishReason.STOP_STRING if isinstance(rule, StopStrings) else FinishReason.ENDING
        if end is not None:  # what lies beyond counts no more, and a word that is cut there may be a banned one
            text = text[:end]
            verdicts = [(rule, rule.look(text, min(self._n_safe, end), is_over=True)) for rule in self._rules]
        unwanted = [verdict.unwanted_from for _, verdict in verdicts if verdict.unwanted_from is not None]
        return _Judgement(safe, end, min(unwanted, default=None), reason)

    # -- what stands -----------------------------------------------------------------------------------------------

    def _read_back(self) -> None:
        """The text of `drawn`, from the beginning."""
        self._detokenizer = StreamingDetokenizer(self._tokenizer)
        self._typed = self._prompt.typed
        self._text = ""
        self._starts: list[int] = []  # of each token in the text
        for token_id in self.drawn:
            self._starts.append(len(self._text))
            self._spell(token_id)

    def _spell(self, token_id: int) -> None:
        piece = self._tokenizer.token_bytes(token_id)
        typed, self._typed = self._typed, self._typed[len(piece) :]
        self._text += self._detokenizer.add_bytes(piece[len(typed) :])

    def _place_of(self, character: int) -> int:
        """Of the token in which that character of the text begins."""
        place = len(self._starts) - 1
        while place > 0 and self._starts[place] > character:
            place -= 1
        return place

    # -- going back ------------------------------------------------------------------------------------------------

    def _restrict(self, scores: Scores, place: int) -> Scores | None:
        """Without the tokens that cannot stand here; None when that leaves none."""
        if self._typed:
            possible = spelling_tokens(self._typed, self._tokenizer)
            if _ends_in_letter(self._typed):
                scores[self._tokenizer.vocabulary.exactly(self._typed)] += np.float32(self._steering.whole_word)
            if len(possible):
                none_of = self._refused.get(place, ())
                part = far_likelier_part(self._typed, self._tokenizer, scores, possible, none_of)
                if part is not None and place + 1 < self._config.max_new_tokens:  # or nothing tells whether it is meant
                    possible, self._odds[place] = np.array(part[:1]), part[1]
                allowed = np.full_like(scores, -np.inf)
                allowed[possible] = scores[possible]
                scores = allowed
        if refused := self._refused.get(place):
            if len(refused) > _MOST_REFUSALS:
                return None
            scores[list(refused)] = -np.inf
            if scores.max() == -np.inf:
                return None
        return self._dry(self._token_ids, scores) if self._dry is not None else scores

    def _is_meant(self, logits: Logits) -> bool:
        """Whether the part of the letters typed that may have been drawn last is likely to go on as they do, by the
        scores (V,) that follow it, and by what of that may still stand."""
        place = len(self.drawn)
        odds = self._odds.get(place - 1)
        if odds is None:
            return True
        refused = self._refused.get(place, ())
        following = [i for i in spelling_tokens(self._typed, self._tokenizer).tolist() if i not in refused]
        return bool(following) and odds + log_sum(logits[following]) > log_sum(logits)

    def _refuse(self, place: int) -> Step:
        """What begins with the token at `place` must not stand: draw another one there, nor the same letters without
        the space, which would be stuck to the word before."""
        alike = self._tokenizer.vocabulary.alike(self._tokenizer.token_bytes(self.drawn[place]))
        step = self._draw_again(place)
        self._refused[place].update(alike)
        return step

    def _leave_loop(self, n_good: int) -> Step:
        self._n_loops += 1
        if self._n_loops > _MOST_LOOPS:
            return self._end_after(n_good, FinishReason.LOOP)
        if self._dry is None:
            breakers = frozenset(self._tokenizer.encode("\n"))
            self._dry = Dry(_LOOP_MULTIPLIER, _LOOP_BASE, _LOOP_ALLOWED, breakers)
        return self._draw_again(n_good, is_loop=True)

    def _draw_again(self, place: int, *, is_loop: bool = False) -> Step:
        """The token at `place` and all that follows it stand no more, nor is it drawn there again."""
        old, n_given = self._text[: self._shown], self._n_given
        self._forbid(place)
        self._keep(place)
        return Step(taken_back=self._taken_back(old, n_given, is_loop=is_loop))

    def _end_after(self, n_tokens: int, reason: FinishReason) -> Step:
        """No more than `n_tokens` stand, nor those of which anything was held back."""
        old, n_given = self._text[: self._shown], self._n_given
        self._keep(n_tokens)
        ends = [*self._starts[1:], len(self._text)]
        self._keep(next((i for i, end in enumerate(ends) if end > self._shown), n_tokens))
        end = self._judge(self._text[: self._shown], is_over=True).end
        self._shown = self._shown if end is None else end
        return Step(taken_back=self._taken_back(old, n_given, is_loop=reason is FinishReason.LOOP), reason=reason)

    def _forbid(self, place: int) -> None:
        self._refused[place].add(self.drawn[place])
        for later in [other for other in self._refused if other > place]:
            del self._refused[later]

    def _keep(self, n_tokens: int) -> None:
        """Only the first `n_tokens` drawn stand."""
        del self.drawn[n_tokens:], self._entropies[n_tokens:]
        del self._token_ids[len(self._prompt.token_ids) + n_tokens :]
        self._odds = {place: odds for place, odds in self._odds.items() if place < n_tokens}
        self._read_back()
        self._n_given = min(self._n_given, n_tokens)
        self._shown = min(self._shown, len(self._text))
        self._n_safe = self._shown

    def _taken_back(self, old: str, n_given: int, *, is_loop: bool = False) -> TakenBack | None:
        """What stood until now, text and tokens, and stands no more."""
        gone, n_gone = old[self._shown :], n_given - self._n_given
        return TakenBack(gone, n_gone, is_loop) if gone or n_gone else None


def _ends_in_letter(piece: bytes) -> bool:
    last = piece.decode("utf-8", "replace")[-1:]
    return last.isalnum() or last == "\N{REPLACEMENT CHARACTER}"  # part of a letter as a rule


def _rules(prompt: Prompt, config: GenerationConfig, tokenizer: Tokenizer, steering: Steering) -> list[TextRule]:
    rules: list[TextRule] = []
    if config.banned_words:
        lead = b"".join(map(tokenizer.token_bytes, prompt.token_ids[-_LEAD_TOKENS:])) + prompt.typed
        rules.append(BannedPhrases(config.banned_words, lead.decode("utf-8", "ignore")))
    if config.stop_strings:
        rules.append(StopStrings(config.stop_strings))
    return [*rules, *steering.rules]


def _report(
    logits: Logits, token_id: int, tokenizer: Tokenizer, n_alternatives: int
) -> tuple[float, tuple[Alternative, ...], float]:
    """The model's own log-probability of the token, its likeliest rivals, its entropy: all in nats."""
    shifted = logits - logits.max()
    weights = np.exp(shifted)
    total = float(weights.sum())
    log_total = float(np.log(total))
    entropy = log_total - float(weights @ shifted) / total
    logprob = float(shifted[token_id]) - log_total
    if not n_alternatives:
        return logprob, (), entropy
    top = np.argpartition(shifted, -n_alternatives)[-n_alternatives:]
    top = top[np.argsort(-shifted[top], kind="stable")]
    alternatives = tuple(Alternative(int(i), tokenizer.decode([int(i)]), float(shifted[i]) - log_total) for i in top)
    return logprob, alternatives, entropy
