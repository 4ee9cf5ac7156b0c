"""Sentences of several takes, put in as if they had been written in one go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.splicing import splice, whole
from writer.engine.sentences import split_sentences

RAIN = " It rained. “Come in!” she said. He did not."
SNOW = " It snowed. The door\nstood open."
WORD = "house was dark. Nobody spoke."
NEW = "\n\nNight fell. He slept.\n\nThe end."


@pytest.mark.parametrize(
    ("takes", "chosen", "before", "after", "text"),
    [
        ([RAIN], [(0, 0)], "He came.", "", " It rained."),
        ([RAIN], [(0, 1)], "He came.", "", " “Come in!” she said."),
        ([RAIN, SNOW], [(1, 0), (0, 1)], "He came.", "", " It snowed. “Come in!” she said."),
        ([RAIN, SNOW], [(0, 2), (1, 0)], "He came.", "", " He did not. It snowed."),
        ([RAIN], [(0, 0)], "He came. ", "", "It rained."),
        ([RAIN], [(0, 0)], "", "", "It rained."),
        ([RAIN], [(0, 0)], "He said “", "", "It rained."),
        ([RAIN], [(0, 1)], "", "", "“Come in!” she said."),
        ([RAIN], [(0, 1)], "He came.\n\n", "", "“Come in!” she said."),
        ([RAIN], [(0, 2)], "“", "", "He did not."),
        ([WORD], [(0, 0)], "The light", "", "house was dark."),
        ([WORD], [(0, 1)], "The light", "", " Nobody spoke."),
        ([WORD], [(0, 1), (0, 0)], "The light", "", " Nobody spoke. lighthouse was dark."),
        ([WORD, "ning struck. He ran."], [(0, 0), (1, 0)], "The light", "", "house was dark. lightning struck."),
        ([WORD, RAIN], [(0, 0), (1, 2)], "The light", "", "house was dark. He did not."),
        ([NEW], [(0, 0), (0, 1)], "He came.", "", "\n\nNight fell. He slept."),
        ([NEW], [(0, 0), (0, 2)], "He came.", "", "\n\nNight fell. The end."),
        ([NEW], [(0, 1), (0, 2)], "He came.", "", " He slept.\n\nThe end."),
        ([NEW, RAIN], [(1, 0), (0, 0)], "He came.", "", " It rained.\n\nNight fell."),
        ([SNOW], [(0, 1), (0, 2)], "He came.", "", " The door\nstood open."),
        ([RAIN], [(0, 0)], "He came.", " Then he left.", " It rained."),
        ([RAIN], [(0, 0)], "He came. ", "Then he left.", "It rained. "),
        ([RAIN], [(0, 0)], "He came.", "\nThen he left.", " It rained."),
        ([RAIN], [(0, 0)], "“He came.", "” She left.", " It rained."),
        ([NEW], [(0, 1)], "He came. ", "Then he left.", "He slept.\n\n"),
        ([RAIN], [], "He came.", "Then", ""),
        (["  "], [(0, 0)], "He came.", "Then", ""),
    ],
)
def test_what_is_put_in(takes: list[str], chosen: list[tuple[int, int]], before: str, after: str, text: str) -> None:
    assert splice(takes, chosen, before, after) == text


@pytest.mark.parametrize(
    ("take", "before_then", "before", "text"),
    [
        ("house was dark.", "The light", "The light", "house was dark."),
        ("house was dark.", "The light", "He came.", " lighthouse was dark."),
        ("house was dark.", "The light", "By twilight", " lighthouse was dark."),
        ("house was dark.", "The light", "", "lighthouse was dark."),
        ("Then he left.", "He saw. ", "The end.", " Then he left."),
        ("Then he left.", "", "The end.", " Then he left."),
        ("lamp was lit.", "He saw the ", "He saw the", " lamp was lit."),
        ("lamp was lit.", "He saw the ", "Look at a ", "lamp was lit."),
        (", he said.", "“Come in”", "The end.", ", he said."),
        ("Come in!”", "She said: “", "She said:", " Come in!”"),
        (" Once upon a time.", "He came.", "", "Once upon a time."),
        (" Once upon a time.", "He came.", "He said “", "Once upon a time."),
        ("\n\nNight fell.", "He came.", "He left.", "\n\nNight fell."),
        (" went out.", "The light", "He came.", " went out."),
        ("has been told.", "a child who\n", "a child who\n", "has been told."),
        ("has been told.", "a child who\n", "He came. ", "has been told."),
    ],
)
def test_a_whole_take_goes_on_with_the_word_it_went_on_with(
    take: str, before_then: str, before: str, text: str
) -> None:
    assert whole(take, before_then, before, "") == text


@given(
    take=st.lists(st.sampled_from([" ", "\n\n", ".", "!", "”", "“", " she", "He", " it"]), min_size=1).map("".join),
    before=st.sampled_from(["", "He came.", "The lig", "He came.\n"]),
)
def test_all_sentences_of_a_take_are_the_take(take: str, before: str) -> None:
    chosen = [(0, i) for i in range(len(split_sentences(take)))]
    expected = take.lstrip(" ") if before in ("", "He came.\n") else take
    assert splice([take], chosen, before) == expected.rstrip()
