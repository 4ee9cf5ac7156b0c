"""Rules about letters: whatever pieces a text arrives in, nothing is shown that must not stand."""

import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.engine.text_rules import BannedPhrases, StopStrings, TextRule, Verdict

TEXT = st.text(st.sampled_from("abc"), max_size=12)
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
PROSE = st.text(st.sampled_from("abAB ’'.é\n\u00ad\u200b"), max_size=14)
CUTS = st.lists(st.integers(0, 14))


def arriving(rule: TextRule, text: str, cuts: Sequence[int]) -> Iterator[tuple[str, int, Verdict]]:
    """(what has arrived, how much of it was shown before, what the rule says), up to a verdict against the text."""
    n_safe = 0
    edges = sorted({*(cut for cut in cuts if cut < len(text)), len(text)})
    for end in edges:
        verdict = rule.look(text[:end], n_safe, is_over=end == len(text))
        yield text[:end], n_safe, verdict
        if verdict.end is not None or verdict.unwanted_from is not None:
            return
        n_safe = max(n_safe, verdict.safe)


@given(text=TEXT, cuts=CUTS, stops=st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=4)))
def test_text_up_to_the_first_stop_string_however_it_arrives(text: str, cuts: list[int], stops: list[str]) -> None:
    for arrived, n_safe, verdict in arriving(StopStrings(stops), text, cuts):
        if verdict.end is not None:
            assert verdict.end >= n_safe, "a part of it was shown"
            assert any(arrived.startswith(stop, verdict.end) for stop in stops)
        held = arrived[verdict.safe :]
        assert not held or any(stop.startswith(held) or held.startswith(stop) for stop in stops)
    if any(stop in text for stop in stops):
        assert verdict.end is not None
        assert not any(stop in text[: verdict.end] for stop in stops)
    else:
        assert verdict == Verdict(len(text))


@pytest.mark.parametrize(
    ("text", "cut", "shown"),
    [("one\n\ntwo", 4, "one"), ("one\ntwo", 4, "one\ntwo"), ("one\n", 3, "one\n")],
)
def test_a_paragraph_end(text: str, cut: int, shown: str) -> None:
    *_, (arrived, _, verdict) = arriving(StopStrings(["\n\n"]), text, [cut])
    assert arrived[: len(arrived) if verdict.end is None else verdict.end] == shown


def places(text: str, phrase: str) -> list[tuple[int, int]]:
    """Where the phrase stands in whole words, from and to, seen letter by letter; any white space is any other."""

    def ends(at: int, rest: str) -> set[int]:
        if not rest:
            return {at}
        if not rest[0].isspace():
            is_same = text[at : at + 1].replace("’", "'").lower() == rest[0].replace("’", "'").lower()
            return ends(at + 1, rest[1:]) if is_same else set()
        found, rest = set[int](), rest.lstrip()
        while text[at : at + 1].isspace():
            at += 1
            found |= ends(at, rest)
        return found

    def is_letter(at: int) -> bool:
        return 0 <= at < len(text) and text[at].isalnum()

    return [
        (at, end)
        for at in range(len(text))
        for end in ends(at, phrase)
        if not (phrase[0].isalnum() and is_letter(at - 1))
        and not (phrase[-1].isalnum() and is_letter(end))
        and not (phrase[0].isspace() and text[at - 1 : at].isspace())
    ]


@given(
    before=st.text(st.sampled_from("abA "), max_size=5),
    text=PROSE,
    cuts=CUTS,
    phrases=st.lists(st.text(st.sampled_from("abA '’é\u200b"), min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_a_banned_phrase_is_refused_before_any_of_it_was_shown(
    before: str, text: str, cuts: list[int], phrases: list[str]
) -> None:
    whole, lead = before + text, len(before)
    standing = standing_in(whole, phrases, lead)
    for arrived, n_safe, verdict in arriving(BannedPhrases(phrases, before), text, cuts):
        held = visible_of(arrived[verdict.safe :])[0].lstrip()
        if verdict.unwanted_from is not None:
            assert verdict.unwanted_from >= n_safe, "a part of it was shown"
            assert verdict.unwanted_from in {max(0, at - lead) for at, _ in standing}
        elif held and verdict.safe:  # no more is held back than must be
            assert any(same_beginning(held, visible_of(phrase)[0].lstrip()) for phrase in phrases)
    if not standing:
        assert verdict == Verdict(len(text))
    else:
        assert verdict.unwanted_from is not None
        first = text[: verdict.unwanted_from]
        assert not standing_in(before + first, phrases, lead), "one stands before it"


def standing_in(text: str, phrases: Sequence[str], lead: int) -> list[tuple[int, int]]:
    """Where phrases end after `lead`: those before are the writer's own, and so is white space that begins before."""
    text, where = visible_of(text)
    wanted = [phrase for phrase, _ in map(visible_of, phrases) if phrase]
    found = [place for phrase in wanted for place in places(text, phrase)]
    last = [(at, len(text[:end].rstrip()) + text[end - 1].isspace() - 1) for at, end in found]
    return [(where[at], where[end]) for at, end in last if where[end] >= lead]


def visible_of(text: str) -> tuple[str, list[int]]:
    """(what can be seen of it, where each of these letters stands)"""
    where = [at for at, letter in enumerate(text) if letter not in INVISIBLE]
    return "".join(text[at] for at in where), where


def same_beginning(held: str, phrase: str) -> bool:
    held, phrase = (re.sub(r"\s+", " ", visible_of(one)[0]) for one in (held, phrase))
    n = min(len(held), len(phrase))
    return held[:n].replace("’", "'").casefold() == phrase[:n].replace("’", "'").casefold()


@pytest.mark.parametrize(
    ("phrases", "before", "text", "is_over", "verdict"),
    [
        (["end"], "", "in the end", False, Verdict(6)),  # a letter may follow, and the space goes with the word
        (["end"], "", "in the end", True, Verdict(0, unwanted_from=7)),
        (["end"], "", "in the end.", False, Verdict(0, unwanted_from=7)),
        (["end"], "", "in the END ", False, Verdict(0, unwanted_from=7)),
        (["end"], "", "in the endless", False, Verdict(14)),
        (["end"], "", "to defend.", False, Verdict(10)),
        (["end"], "", "a friend", False, Verdict(8)),  # nor is the end of a longer word held back
        (["end"], "", "an e", False, Verdict(2)),
        (["the end"], "in the", " end.", False, Verdict(0, unwanted_from=0)),
        (["the end"], "in the", " en", False, Verdict(0)),
        (["the end"], "in the end", " of", False, Verdict(3)),  # the writer's own words
        (["the end", "end of"], "in the end", " of it", False, Verdict(0, unwanted_from=0)),
        (["end"], "the en", "d.", False, Verdict(0, unwanted_from=0)),
        (["end"], "the en", "dless", False, Verdict(5)),
        (["dark ending now", "end"], "", "dark end", False, Verdict(0)),
        (["can't"], "", "You can’t ", False, Verdict(0, unwanted_from=4)),
        (["İstanbul"], "", "In İsta", False, Verdict(2)),
        (["the end"], "", "in the\n\n  end.", False, Verdict(0, unwanted_from=3)),
        (["the end"], "", "in the \n\n", False, Verdict(2)),
        (["the end"], "", "in the \n\nen", False, Verdict(2)),
        (["the end"], "", "in the \n\nenvoy", False, Verdict(14)),
        (["the\nend"], "", "in the end.", False, Verdict(0, unwanted_from=3)),
        (["the end"], "in the\n\n\n\n\n\n", "end.", False, Verdict(0, unwanted_from=0)),
        (["the end"], "in the end", "\n", False, Verdict(1)),
        (["end"], "", "the _end_ of", False, Verdict(0, unwanted_from=5)),  # in italics
        (["end"], "", "the _e", False, Verdict(5)),
        (["end"], "", "the _ending_", False, Verdict(12)),
        (["K2"], "", "\N{KELVIN SIGN}2.", False, Verdict(0, unwanted_from=0)),
        (["…"], "", "So…", False, Verdict(0, unwanted_from=2)),
        *((["end"], "", f"the e{sign}nd.", False, Verdict(0, unwanted_from=4)) for sign in INVISIBLE),
        (["end"], "", "the \u200be\u00ad", False, Verdict(3)),  # nor is a sign shown that goes with the word
        (["the end"], "the", " \u200b" * 20 + "end.", False, Verdict(0, unwanted_from=0)),
        (["end"], "", "the end\u00ad", False, Verdict(3)),  # a letter may still follow
        (["en\u00add"], "", "the end.", False, Verdict(0, unwanted_from=4)),
        (["ban ned"], "x ba" + "\u200b" * 12 + "n ", "ned .", False, Verdict(0, unwanted_from=0)),
        (["\u200b"], "", "the end.", False, Verdict(8)),  # a phrase that nobody could see
        ([], "", "anything", False, Verdict(8)),
    ],
)
def test_banned_phrases(phrases: list[str], before: str, text: str, is_over: bool, verdict: Verdict) -> None:
    assert BannedPhrases(phrases, before).look(text, 0, is_over=is_over) == verdict


@pytest.mark.parametrize("n_safe", range(8))
def test_the_end_of_a_word_is_no_banned_word_however_much_was_let_go(n_safe: int) -> None:
    assert BannedPhrases(["end"]).look("defend. He", n_safe, is_over=False) == Verdict(10)


def test_every_letter_of_a_long_text_is_let_go_once() -> None:
    rule, text, n_safe = BannedPhrases(["never so"], "x"), "never say never, so it is said; " * 40, 0
    for n in range(len(text) + 1):
        verdict = rule.look(text[:n], n_safe, is_over=False)
        assert verdict.unwanted_from is None
        assert n - verdict.safe <= len(" never s")
        n_safe = max(n_safe, verdict.safe)
    assert rule.look(text + "never so.", n_safe, is_over=False).unwanted_from == len(text)


def test_the_same_text_is_judged_alike_whatever_was_let_go() -> None:
    rule, text = BannedPhrases(["ab ba"]), "ab ab ba. "
    assert {rule.look(text, n_safe, is_over=False).unwanted_from for n_safe in range(4)} == {3}
