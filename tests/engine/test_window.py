import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.engine.window import cut_tokens, fit_window, start_after

TEXT = "The sea was calm. Nobody spoke of it!\n\nA gull cried twice, and then it was quiet again? Perhaps. " * 400


def by_word(text: str) -> list[int]:
    return [len(word) for word in text.split(" ")]


def test_a_short_text_is_shown_whole():
    window = fit_window("One two three.", by_word, 10)
    assert (window.start, window.token_ids) == (0, by_word("One two three."))


def test_a_long_text_is_cut_at_a_paragraph_or_sentence():
    window = fit_window(TEXT, by_word, 900)
    before = TEXT[: window.start].rstrip(" ")
    assert before.endswith((".", "!", "?", "\n"))
    assert len(window.token_ids) <= 900


def test_a_text_is_not_cut_after_a_title():
    text = "word " * 20 + "then Mr. Bennet spoke. Nobody heard him, " + "word " * 20
    assert start_after(text, 98, 120) == text.index("Nobody")
    assert start_after(text, 98, 30) == text.index("then")


def test_the_cut_stays_until_the_window_is_full():
    starts = [fit_window(TEXT[:n], by_word, 900).start for n in range(20_000, 30_000, 50)]
    changes = sum(a != b for a, b in itertools.pairwise(starts))
    assert starts == sorted(starts)
    assert changes <= 8  # 10,000 characters are about five grid steps, not two hundred small cuts


@given(st.text(min_size=1, max_size=400), st.integers(4, 60))
def test_any_text_gives_a_window_that_fits(text, limit):
    encode = lambda part: list(part.encode("utf-8", "replace"))  # noqa: E731 -- the densest tokenizer there is
    window = fit_window(text, encode, limit)
    assert 0 < len(window.token_ids) <= limit
    assert encode(text[window.start :]) == window.token_ids or len(text) - window.start <= 1


def by_byte(token_id: int) -> bytes:
    return bytes([token_id])


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("One two. Six.\n\n" + "seven " * 6, "seven " * 6),
        ("One two three. " + "seven " * 6, "seven " * 6),
        ("An Mr. Two. Six." + " seven" * 5, "Six." + " seven" * 5),
        ("Onetwothreefou " + "seven " * 6, "seven " * 6),
        ("x" * 60, "x" * 40),
        ("🦄" * 15, "🦄" * 10),
        ("a" + "🦄" * 15, "🦄" * 10),
        ("aaa" + "🦄" * 10 + "bb", "🦄" * 9 + "bb"),
    ],
    ids=[
        "paragraph",
        "sentence",
        "title",
        "word",
        "no-boundary",
        "characters",
        "between-characters",
        "not-in-a-character",
    ],
)
def test_tokens_are_cut_at_the_best_boundary(text: str, rest: str):
    assert bytes(cut_tokens(list(text.encode()), by_byte, 40)).decode() == rest


@given(st.binary(min_size=1, max_size=300), st.integers(1, 80))
def test_a_cut_keeps_the_newest_tokens_as_they_are(data, limit):
    kept = cut_tokens(list(data), by_byte, limit)
    assert 0 < len(kept) <= limit
    assert len(kept) >= min(len(data), limit) - max(1, limit // 4)
    assert data.endswith(bytes(kept))


def test_a_million_characters_cost_little():
    import time

    began = time.thread_time()
    window = fit_window(TEXT * 30, by_word, 900)
    assert window.token_ids
    assert time.thread_time() - began < 1.0
