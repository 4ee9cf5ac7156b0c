"""What leads best to the text that follows."""

from pathlib import Path

import pytest

from writer.assist.bridge import BridgeScore, following_of, rank_bridges
from writer.engine.events import PrefillProgress
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths


@pytest.fixture(scope="module")
def model(poem_home: Path) -> LoadedModel:
    store = ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models)
    return LoadedModel.load(store.get("poem"), n_threads=1)


def rank(model: LoadedModel, before: str, candidates: list[str], after: str) -> tuple[list[BridgeScore], list[object]]:
    encode = model.tokenizer.encode
    ranking = rank_bridges(
        model.session, model.cache, encode(before), [encode(candidate) for candidate in candidates], encode(after)
    )
    events: list[object] = []
    while True:
        try:
            events.append(next(ranking))
        except StopIteration as stop:
            return stop.value, events


def test_the_line_that_is_missing_ranks_first(model: LoadedModel, poem: str) -> None:
    lines = poem.splitlines(keepends=True)
    others = ["The sun was high above the quiet sea.\n", lines[5], "", "Nobody had told him anything of it.\n"]
    for missing in (1, 2, 6):
        candidates = [*others[:2], lines[missing], *others[2:]]
        scores, events = rank(model, "".join(lines[:missing]), candidates, lines[missing + 1])
        assert scores[0].index == 2, missing
        values = [score.logprob_per_token for score in scores]
        assert values == sorted(values, reverse=True)
        assert sorted(score.index for score in scores) == list(range(5))
        assert [event.index for event in events if isinstance(event, BridgeScore)] == list(range(5))


def test_what_stands_before_the_gap_is_read_once(model: LoadedModel, poem: str) -> None:
    before = poem[:90]
    model.cache.truncate(0)
    _, events = rank(model, before, [" One.", " Two.", " Three."], "\nIn what distant deeps")
    begun = [
        event for event in events if isinstance(event, PrefillProgress) and event.done_tokens == event.reused_tokens
    ]
    n_before = len(model.tokenizer.encode(before))
    assert [event.reused_tokens for event in begun] == [0, n_before, n_before]


def test_a_ranking_that_is_stopped_leaves_the_cache_as_it_says(model: LoadedModel, poem: str) -> None:
    encode = model.tokenizer.encode
    before, after = encode(poem[:60]), encode(poem[60:200])
    for n_events in range(1, 9):
        ranking = rank_bridges(model.session, model.cache, before, [encode("a b"), encode("c")], after)
        for _ in range(n_events):
            next(ranking)
        ranking.close()
    kept = list(model.cache.token_ids)
    fresh = model.session.new_cache()
    expected = model.session.extend(fresh, [*kept, before[0]], n_rows=1).copy()
    assert abs(model.session.extend(model.cache, [before[0]], n_rows=1) - expected).max() < 1e-3


def test_of_a_long_following_text_as_much_is_scored_as_fits(model: LoadedModel) -> None:
    n_ctx = model.session.config.n_ctx
    ranking = rank_bridges(model.session, model.cache, [5] * (n_ctx - 20), [[6] * 4, [7] * 10], [8] * 50)
    assert len([event for event in ranking if isinstance(event, BridgeScore)]) == 2
    with pytest.raises(ValueError, match="no room"):
        next(rank_bridges(model.session, model.cache, [5] * n_ctx, [[6]], [8]))
    with pytest.raises(ValueError, match="no room"):
        next(rank_bridges(model.session, model.cache, [5], [[6]], []))


@pytest.mark.parametrize(
    ("text", "limit", "following"),
    [
        ("One two.", 100, "One two."),
        ("\n\nOne two. Three four five.", 12, "\n\nOne two."),
        ("One two. Three four five.", 20, "One two. Three four"),
        ("One “two.” Three four", 15, "One “two.”"),
        ("One two three four", 9, "One two"),
        ("One two three four", 7, "One two"),
        ("Onetwothreefour", 6, "Onetwo"),
        ("One two\nthree four five", 10, "One two"),
        ("Then Mr. Bennet came. He sat down.", 32, "Then Mr. Bennet came."),
        ("They saw that Mr. Bennet came in.", 18, "They saw that Mr."),
        ("", 10, ""),
    ],
)
def test_whole_sentences_or_words_follow(text: str, limit: int, following: str) -> None:
    assert following_of(text, limit) == following
