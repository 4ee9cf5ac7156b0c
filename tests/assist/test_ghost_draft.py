"""Ghosts drafted by real small models: one that knows a poem by heart, and the starter."""

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.conftest import POEM
from writer.assist.ghost_draft import DraftStep, GhostEvent, GhostGrown, draft_ghost, presentable
from writer.engine.config import GenerationConfig
from writer.engine.events import PrefillProgress
from writer.engine.logits_processors import Scores
from writer.engine.prompt import Prompt, healed_prompt, plain_prompt, spelling_tokens
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths

PROSE = (
    "The lighthouse keeper had not spoken to anyone in three weeks. He climbed the stairs every evening, lit the lamp, "
    "and looked out over the dark water. When the storm came, he was not afraid; he had seen worse. “It will pass,” he "
    "said.\n\nIn the morning the sea was calm, and a small boat lay on the shore"
)


@pytest.fixture(scope="module")
def poet(poem_home: Path) -> LoadedModel:
    return LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models).get("poem"), n_threads=1)


@pytest.fixture(scope="module")
def starter(starter_home: Path) -> LoadedModel:
    home = user_paths({"WRITER_HOME": str(starter_home)})
    return LoadedModel.load(ModelStore(home.models).get("starter"), n_threads=2)


def prompt_for(model: LoadedModel, text: str) -> Prompt:
    if text.endswith(" "):
        return plain_prompt(text, model.tokenizer, model.session.config.n_ctx)
    start = model.session.config.eos_token_ids[0]
    return healed_prompt(model.tokenizer.encode(text), model.tokenizer, start)


def draft(model: LoadedModel, text: str, **options) -> Iterator[GhostEvent]:
    options = {"config": GenerationConfig()} | options
    return draft_ghost(model.session, model.tokenizer, model.cache, prompt_for(model, text), **options)


def ghost_of(model: LoadedModel, text: str, **options) -> GhostGrown | None:
    """The last one, once what came before it has been checked."""
    last = None
    for event in draft(model, text, **options):
        if isinstance(event, GhostGrown):
            assert last is None or not last.is_complete
            assert last is None or event.text.startswith(last.text)
            last = event
    assert last is None or last.is_complete
    return last


def check_healed(model: LoadedModel, text: str, ghost: GhostGrown | None) -> None:
    """What the model has read now begins with the text as it was typed, and goes on with the ghost: but for parts of
    characters, which small models draw too and which are left out."""
    if ghost is None:
        return
    read = model.tokenizer.decode(model.cache.token_ids).replace("\N{REPLACEMENT CHARACTER}", "")
    whole = text + ghost.text
    n_common = min(len(read), len(whole))
    assert n_common > len(text) - 8
    assert read[:n_common] == whole[:n_common]
    assert any(map(str.isalnum, ghost.text))
    assert not set(ghost.text) & set("\n\r\N{REPLACEMENT CHARACTER}")
    assert not (text[-1].isspace() and ghost.text[0].isspace())
    assert not ghost.text[-1].isspace()
    assert ghost.confidence <= 0


# -- healing -------------------------------------------------------------------------------------------------------


@given(st.integers(len("Tyger Tyger, burning"), len(POEM) - 2))
@example(POEM.index("Burnt") + len("Burn"))  # these beginnings are no tokens of the words that they begin
@example(POEM.index("thine") + len("thin"))
def test_cut_anywhere_the_poem_goes_on_from_the_typed_letters(poet: LoadedModel, cut: int) -> None:
    text = POEM[:cut]
    ghost = ghost_of(poet, text)
    check_healed(poet, text, ghost)
    if ghost is not None and not text.endswith("\n"):
        assert POEM.startswith(text + ghost.text)
        after = POEM[cut + len(ghost.text)]
        assert not (after.isalnum() and ghost.text[-1].isalnum())


def test_most_places_of_the_poem_have_a_ghost(poet: LoadedModel) -> None:
    cuts = range(30, len(POEM) - 2, 7)
    found = [ghost_of(poet, POEM[:cut], longest_words=1) is not None for cut in cuts]
    assert sum(found) > 0.8 * len(found)


@given(st.text(st.sampled_from("abéTy \n.,“’🙂灯#-\t"), min_size=1, max_size=30))
def test_whatever_is_typed_is_gone_on_from_exactly(poet: LoadedModel, text: str) -> None:
    assume(text.strip())  # nothing is suggested in an empty text
    check_healed(poet, text, ghost_of(poet, text, longest_words=3))


@pytest.mark.parametrize("cut", range(60, len(PROSE), 47))
def test_the_starter_goes_on_from_the_typed_letters(starter: LoadedModel, cut: int) -> None:
    text = PROSE[:cut]
    check_healed(starter, text, ghost_of(starter, text, longest_words=3))


def test_a_word_half_typed_is_completed_without_a_space(starter: LoadedModel) -> None:
    text = PROSE[: PROSE.index("house")]
    ghost = ghost_of(starter, text + "house keeper climbed the stairs of the light", longest_words=1)
    assert ghost is not None
    assert ghost.text.rstrip(".,") == "house"


# -- where it ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lead", "is_whole", "shown", "is_complete"),
    [
        ("", "The", False, "", False),
        (" kee", "The", False, "", False),
        (" keeper", "The", True, " keeper", True),
        (" keeper climbed", "The", False, " keeper", False),
        (" keeper,", "The", False, " keeper", False),
        (" keeper, who", "The", False, " keeper,", False),
        (" well-", "The", False, "", False),
        (" 3.", "The", False, "", False),
        (" don’", "I", False, "", False),
        (" keeper.", "The", False, " keeper", False),
        (" keeper. He", "The", False, " keeper.", True),
        (" keeper.”\n", "“The", False, " keeper.”", True),
        (" keeper.", "The", True, " keeper.", True),
        (". Smith went", "Mr", False, ". Smith", False),
        (".” He went", "“Go", False, ".” He", False),
        (" keeper.5", "The", False, " keeper", False),
        (" an old keeper,", "The", False, " an old keeper", False),
        (" keeper\nclimbed", "The", False, " keeper", True),
        ("\nThe keeper", "The", False, "", True),
        (" old keeper of the", "The", False, " old keeper of", True),
        (" — ", "The", False, "", False),
        (" sea — the", "The", False, " sea", False),
        ("台守は", "灯", False, "台守", False),
    ],
)
def test_what_may_be_shown_of_a_draft(text: str, lead: str, is_whole: bool, shown: str, is_complete: bool) -> None:
    assert presentable(text, lead, 3, is_whole=is_whole) == (shown, is_complete)


@given(st.text(st.sampled_from("ab Mr.,!”’-\n3"), max_size=25), st.integers(1, 4))
def test_a_draft_only_ever_grows(text: str, longest_words: int) -> None:
    shown = ""
    for n in range(len(text) + 1):
        now, is_complete = presentable(text[:n], "He", longest_words, is_whole=False)
        assert now.startswith(shown) or is_complete
        assert text.startswith(now)
        shown = now
        if is_complete:
            break


def test_a_ghost_ends_with_its_line_its_sentence_or_so_many_words(poet: LoadedModel) -> None:
    line = ghost_of(poet, POEM[: POEM.index(" forests")])
    assert line is not None
    assert line.text == " forests of the night;"
    sentence = ghost_of(poet, POEM[: POEM.index(" fearful")])
    assert sentence is not None
    assert sentence.text == " fearful symmetry?"
    two = ghost_of(poet, POEM[: POEM.index(" forests")], longest_words=2)
    assert two is not None
    assert two.text == " forests of"


def test_the_first_word_takes_two_steps_after_reading(poet: LoadedModel) -> None:
    kinds = [type(event) for event in draft(poet, POEM[: POEM.index(" forests")])]
    first = kinds.index(GhostGrown)
    assert kinds[:first].count(DraftStep) == 2  # " the" once more, and " forests"; " of" shows it to be whole
    assert set(kinds[:first]) == {PrefillProgress, DraftStep}


def test_no_step_is_taken_for_what_would_not_be_shown(poet: LoadedModel) -> None:
    text = "The quick brown fox "
    assert ghost_of(poet, text, least_confidence=-0.001) is None
    kinds = [type(event) for event in draft(poet, text, least_confidence=-0.001)]
    assert kinds.count(DraftStep) == 1


@pytest.mark.parametrize("cut", [120, 200, 360])
def test_a_ghost_goes_as_far_as_it_is_sure_enough(starter: LoadedModel, cut: int) -> None:
    whole = list(draft(starter, PROSE[:cut]))
    grown = [event for event in whole if isinstance(event, GhostGrown)]
    for least in (grown[0].confidence + 0.01, (grown[0].confidence + grown[-1].confidence) / 2, -9.0):
        expected = list(itertools.takewhile(lambda event, least=least: event.confidence >= least, grown))
        events = list(draft(starter, PROSE[:cut], least_confidence=least))
        shown = [event for event in events if isinstance(event, GhostGrown)]
        assert list(dict.fromkeys(event.text for event in shown)) == [event.text for event in expected]
        assert all(event.confidence >= least for event in shown)
        assert not shown or shown[-1].is_complete
        assert len(events) <= len(whole) + 1


def test_a_full_stop_that_is_less_sure_than_its_word_is_left_to_the_writer(starter: LoadedModel) -> None:
    text = PROSE[: PROSE.index("water")]
    word, stopped = (event for event in draft(starter, text, longest_words=1) if isinstance(event, GhostGrown))
    assert stopped.text == word.text + "."
    ghost = ghost_of(starter, text, least_confidence=(word.confidence + stopped.confidence) / 2)
    assert ghost is not None
    assert ghost.text == word.text


# -- how sure ------------------------------------------------------------------------------------------------------


def test_the_confidence_in_one_word_is_its_probability_given_the_letters(poet: LoadedModel) -> None:
    text = POEM[: POEM.index(" forests") + len(" for")]
    prompt = prompt_for(poet, text)
    assert prompt.typed == b" for"
    grown = next(event for event in draft(poet, text) if isinstance(event, GhostGrown))
    assert grown.text == "ests"
    reading = poet.session.prefill(poet.cache, prompt.token_ids)
    try:
        while True:
            next(reading)
    except StopIteration as stop:
        logits = stop.value.astype(np.float64)
    weights = np.exp(logits - logits.max())
    possible = spelling_tokens(b" for", poet.tokenizer)
    (forests,) = poet.tokenizer.encode(" forests")
    assert grown.confidence == pytest.approx(math.log(weights[forests] / weights[possible].sum()), abs=1e-3)


def test_several_words_count_by_the_root_of_their_number(poet: LoadedModel) -> None:
    text = "The quick brown"
    grown = [event for event in draft(poet, text) if isinstance(event, GhostGrown)]
    assert len(grown) > 3
    totals = [event.confidence * math.sqrt(len(event.text.split())) for event in grown]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1]


class Favour:
    """As sure as can be that one token follows."""

    name = "favour"

    def __init__(self, token_id: int) -> None:
        self._token_id = token_id

    def __call__(self, token_ids, scores: Scores) -> Scores:
        scores[:] = -np.inf
        scores[self._token_id] = 0
        return scores


def test_mixed_in_words_count_for_the_confidence(poet: LoadedModel) -> None:
    (lamp,) = poet.tokenizer.encode(" lamp")
    ghost = ghost_of(poet, "The keeper’s ", steering=Steering(blend=Favour(lamp)), longest_words=2)
    assert ghost is not None
    assert ghost.text == "lamp lamp"
    assert ghost.confidence == 0


# -- the writer's wishes ---------------------------------------------------------------------------------------------


def test_banned_words_are_not_suggested(poet: LoadedModel) -> None:
    text = POEM[: POEM.index(" forests")]
    ghost = ghost_of(poet, text, config=GenerationConfig(banned_words=("forests of",)))
    assert ghost is None or "forests of" not in ghost.text


def test_the_settings_for_longer_texts_do_not_shape_it(poet: LoadedModel) -> None:
    text = POEM[: POEM.index(" forests")]
    config = GenerationConfig(temperature=2.0, repetition_penalty=2.0, max_new_tokens=1, seed=5)
    assert ghost_of(poet, text, config=config) == ghost_of(poet, text)


def first_word(ghost: GhostGrown | None) -> str:
    assert ghost is not None
    return re.findall(r"\w+", ghost.text.lower())[0]


@pytest.mark.parametrize("text", [PROSE, PROSE[:-3], PROSE + ". "])
def test_each_variant_begins_with_another_word(starter: LoadedModel, text: str) -> None:
    ghosts = [ghost_of(starter, text, n_variant=n, longest_words=1) for n in range(3)]
    assert len(set(map(first_word, ghosts))) == 3
    for ghost in ghosts:
        assert ghost is not None
        assert not (text.endswith(" ") and ghost.text.startswith(" "))
    assert ghosts[0] == ghost_of(starter, text, longest_words=1)


def test_a_variant_is_the_next_best_first_word(poet: LoadedModel) -> None:
    text = "The keeper’s"
    prompt = prompt_for(poet, text)
    ghosts = [ghost_of(poet, text, n_variant=n, longest_words=1) for n in range(6)]
    assert len(set(map(first_word, ghosts))) == 6
    assert prompt == prompt_for(poet, text)


# -- the cache -----------------------------------------------------------------------------------------------------


def test_what_follows_an_accepted_ghost_is_read_already(starter: LoadedModel) -> None:
    ghost = ghost_of(starter, PROSE)
    assert ghost is not None
    following = prompt_for(starter, PROSE + ghost.text)
    begun = next(iter(draft(starter, PROSE + ghost.text)))
    assert isinstance(begun, PrefillProgress)
    assert begun.reused_tokens >= len(following.token_ids) - 2


def test_stopped_at_any_step_it_leaves_a_cache_to_go_on_with(poet: LoadedModel) -> None:
    text = POEM[: POEM.index(" forests")]
    expected = ghost_of(poet, text)
    n_events = len(list(draft(poet, text)))
    for n in range(1, n_events):
        events = draft(poet, text)
        for _ in range(n):
            next(events)
        events.close()
        assert ghost_of(poet, text) == expected


def test_a_full_window_still_has_room_for_a_ghost(poet: LoadedModel) -> None:
    n_ctx = poet.session.config.n_ctx
    token_ids = (poet.tokenizer.encode(POEM) * 20)[:n_ctx]
    events = list(draft_ghost(poet.session, poet.tokenizer, poet.cache, Prompt(tuple(token_ids)), GenerationConfig()))
    assert len(poet.cache.token_ids) == n_ctx
    assert all(isinstance(event, (PrefillProgress, DraftStep, GhostGrown)) for event in events)
