"""Where a continuation ends, seen as it arrives: nothing beyond the end ever shows."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.reader import Reader
from writer.assist.endings import Ending, Goal, Length, max_new_tokens
from writer.engine.config import GenerationConfig
from writer.engine.events import FinishReason
from writer.engine.generate import generate
from writer.engine.sentences import sentence_ends
from writer.engine.steering import Steering
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

SENTENCE, PARAGRAPH, SCENE = Length(Goal.SENTENCE), Length(Goal.PARAGRAPH), Length(Goal.SCENE)


def written(length: Length, text: str, step: int = 1) -> tuple[str, bool, list[str]]:
    """(what is shown in the end, whether the goal was met before the text was over, all that was shown between)."""
    ending, shown = Ending(length), [""]
    for n in itertools.count(step, step):
        is_over = n >= len(text)
        verdict = ending.look(text[:n], len(shown[-1]), is_over=is_over)
        if verdict.end is not None:
            return text[: verdict.end], not is_over, shown
        shown.append(text[: max(len(shown[-1]), verdict.safe)])
        if is_over:
            return shown[-1], False, shown
    raise AssertionError


@pytest.mark.parametrize("step", [1, 4, 1000])
@pytest.mark.parametrize(
    ("length", "text", "whole"),
    [
        (SENTENCE, " left. He stayed", " left."),
        (SENTENCE, " said Mr. Hill. “No", " said Mr. Hill."),
        (SENTENCE, " “Come!” she said. He came. ", " “Come!” she said."),
        (SENTENCE, "... and so. He", "... and so."),
        (SENTENCE, "\n\nNight fell\nand", "\n\nNight fell"),
        (SENTENCE, " said:\n\n“Come!”\n\nThen", " said:\n\n“Come!”"),
        (SENTENCE, " stood—\nand fell. He", " stood—\nand fell."),
        (PARAGRAPH, " left. He stayed. \n\nThen", " left. He stayed."),
        (PARAGRAPH, " left. He said: \n\n“Come!”\n\nThen", " left. He said: \n\n“Come!”"),
        (PARAGRAPH, "\nNight fell. He stayed.\nThen", "\nNight fell. He stayed."),
        (SCENE, " left.\n\nHe stayed.\n\n***\n\nThen", " left.\n\nHe stayed."),
        (SCENE, " left.\n\n* * *\nThen", " left."),
        (SCENE, " left.\n#\nThen", " left."),
        (SCENE, " left.\n\n---\n\nThen", " left."),
        (SCENE, " left.\n\n\nThen", " left."),
        (
            Length(words=5),
            " left. He stayed. She sat down there. Then he left.",
            " left. He stayed. She sat down there.",
        ),
        (Length(words=3), " left. He stayed. She sat", " left. He stayed."),
        (Length(words=4), " “Come!” she said at last. He ran.", " “Come!” she said at last."),
    ],
)
def test_the_text_ends_where_the_goal_is_met(length: Length, text: str, whole: str, step: int) -> None:
    found, _, shown = written(length, text, step)
    assert found == whole
    assert all(whole.startswith(piece) for piece in shown), "nothing beyond it flashes"


@pytest.mark.parametrize(
    ("length", "text", "whole"),
    [
        (Length(words=60), " left. He stayed. She sat", " left. He stayed."),
        (PARAGRAPH, " left. He stayed. She sat", " left. He stayed."),
        (PARAGRAPH, " left. “No”", " left."),
        (PARAGRAPH, " left. He said:\n\n", " left."),
        (Length(words=60), " left. He said:\n\n“Then", " left."),
        (SCENE, " left.\n\nHe stayed\n", " left.\n\nHe stayed"),
        (SENTENCE, " left and", " left and"),
        (PARAGRAPH, " left and", " left and"),
        (SENTENCE, " left.", " left."),
        (Length(words=60), " met Mr. Hill", " met Mr. Hill"),
        (SENTENCE, "", ""),
        (SENTENCE, "  ", "  "),
    ],
)
def test_a_text_that_is_over_before_ends_with_its_last_whole_sentence(length: Length, text: str, whole: str) -> None:
    assert written(length, text)[:2] == (whole, False)
    assert written(length, text, 1000)[0] == whole


@pytest.mark.parametrize(
    ("length", "text", "shown"),
    [
        (SENTENCE, " left. ", " left."),  # the next word will tell
        (SENTENCE, " said Mr. ", " said Mr."),
        (SENTENCE, " said Mr. H", " said Mr. H"),
        (Length(words=3), " left. He", " left. He"),  # too short to be the end
        (PARAGRAPH, " left. ", " left."),
        (SCENE, " left.\n\n", " left."),
        (SCENE, " left.\n\n—", " left."),
        (SCENE, " left.\n\n— No", " left.\n\n— No"),
        (SCENE, " left. ", " left."),
    ],
)
def test_what_may_lie_beyond_the_end_is_held_back(length: Length, text: str, shown: str) -> None:
    assert text[: Ending(length).look(text, 0, is_over=False).safe] == shown


@given(
    length=st.sampled_from([SENTENCE, PARAGRAPH, SCENE, Length(words=3), Length(words=9)]),
    pieces=st.lists(
        st.sampled_from(
            ["\n", "\n\n", " ", ".", ":", "…", "!", "”", "“", "***", "#", "—", " said", "Mr", " She", "it", " I"]
        ),
        max_size=16,
    ),
    data=st.data(),
)
def test_however_it_arrives_nothing_flashes_before_the_goal(
    length: Length, pieces: list[str], data: st.DataObject
) -> None:
    text = "".join(pieces)
    found, is_met, shown = written(length, text, data.draw(st.integers(1, 5)))
    assert text.startswith(found)
    assert all(text.startswith(piece) for piece in shown)
    if is_met:
        assert all(found.startswith(piece) for piece in shown)
        assert found.strip()


@pytest.mark.parametrize("words", [1, 20, 60, 200])
def test_a_novel_is_continued_by_about_so_many_words(words: int) -> None:
    lines = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
    text = "\n".join(" ".join(paragraph.split()) for paragraph in lines.split("\n\n"))[2000:8000]
    found, is_met, shown = written(Length(words=words), text, 7)
    assert is_met
    assert words <= len(found.split()) < words + 90
    assert len(found) in sentence_ends(text)
    assert all(found.startswith(piece) for piece in shown)


def test_a_scene_without_a_break_ends_after_some_four_hundred_words() -> None:
    text = " The tide came in, and nobody saw it." * 80
    found, is_met, _ = written(SCENE, text, 5)
    assert is_met
    assert 400 <= len(found.split()) < 410


def test_there_is_room_for_what_was_asked() -> None:
    assert max_new_tokens(SENTENCE) < max_new_tokens(PARAGRAPH) < max_new_tokens(SCENE)
    assert max_new_tokens(Length(words=60)) > 60 * 1.4
    for length in (SENTENCE, SCENE, Length(words=10**6), Length(words=1)):
        GenerationConfig(max_new_tokens=max_new_tokens(length))


@pytest.mark.parametrize("length", [SENTENCE, Length(words=8)])
def test_a_real_model_is_ended(length: Length, starter_home) -> None:
    model = LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter"))
    config = GenerationConfig(temperature=0.8, seed=2, max_new_tokens=max_new_tokens(length))
    steering = Steering((Ending(length),))
    reader = Reader.of(
        generate(model.session, model.tokenizer, model.cache, "She opened the door and saw", config, steering)
    )
    assert reader.reason is FinishReason.ENDING
    assert sentence_ends(reader.text)[-1] == len(reader.text)
    assert all(reader.text.startswith(seen) for seen in reader.seen)
    assert len(model.tokenizer.decode(reader.token_ids)) > len(reader.text), "the next word had been drawn"
