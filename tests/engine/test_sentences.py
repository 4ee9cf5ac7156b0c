"""Where sentences end, in the ways of novels."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.engine.sentences import sentence_ends, split_sentences
from writer.paths import resources_dir

PROSE = st.lists(
    st.sampled_from(
        [
            *(" ", "\n", "\n\n", ".", "!", "?", "…", "...", "—", ":", "“", "”", "’", '"', ")", ",", "。"),
            *("Mr", "St", "No", "I", "J", "e.g", "she", "She", " said", " Mary", "7", " the old man", "it"),
        ]
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    "marked",
    [
        "She left.| He stayed.|",
        "Mr. Darcy met Dr. Smith at St. Ives.| They spoke.|",
        "“Come!” she said.| He came.|",
        "“Come!” Mary said.| He came.|",
        "“Come!” I said.| “Why?”| He did not ask.|",
        "“Stop!” the old captain shouted.| “Now.”|",
        "“No!” Mr. Darcy cried.| He ran.|",
        "“Is it you?”| The door opened.|",
        "“I was—”| He stopped.|",
        "‘No.’| Then she left.|",
        "She said 'no.'| Then she left.|",
        "No. 5 was 3.14 wide.| No.| He left.|",
        "Well... I suppose so.| And... then what?| Wait…| Who?|",
        "He went… on and on.| And then?|",
        "J. R. R. Tolkien wrote it.| So do I.| He left.|",
        "At 5 a.m. sharp he rose, e.g. today.| At 6 p.m.| He slept in the U.S. Army.|",
        "What?!| Never!!!| (He lied.)| She knew.|",
        "Chapter One|\n\nIt was dark|  \nand cold.|\n",
        "Oh! how lovely.| In 1984.| Then came 1985.|",
        "1. First, this.|\n2. Then that.|",
        "你好。|再见！|",
        "He said:\n\n“Come!”|\nShe came,\nand he—\nthe fool—\nlaughed.|",
        "He left.|\n\n---\n\nShe said (\nto him) nothing;",
        "no end at all",
        "Mr.",
        "",
        "  ",
    ],
)
def test_where_sentences_end(marked: str) -> None:
    pieces = marked.split("|")
    ends = [sum(map(len, pieces[: n + 1])) for n in range(len(pieces) - 1)]
    assert sentence_ends("".join(pieces)) == ends


@given(text=PROSE)
def test_pieces_join_to_the_text(text: str) -> None:
    pieces = split_sentences(text)
    assert "".join(pieces) == text
    assert all(pieces)
    assert not any(piece[0].isspace() for piece in pieces[1:])
    assert [piece.rstrip() for piece in pieces][: len(sentence_ends(text))] == [
        text[begin:end].strip() if begin else text[begin:end]
        for begin, end in zip([0, *sentence_ends(text)], sentence_ends(text), strict=False)
    ]


@given(text=PROSE, n=st.integers(0, 60))
def test_an_end_that_is_certain_stays_whatever_follows(text: str, n: int) -> None:
    certain = sentence_ends(text[:n], is_over=False)
    assert set(certain) <= set(sentence_ends(text)), "nothing that follows undoes it"
    assert set(certain) <= set(sentence_ends(text[:n]))
    beyond = [end for end in sentence_ends(text) if end < (certain or [0])[-1]]
    assert beyond == certain[:-1], "nor does another come before it"


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("She left.", []),
        ("She left. ", []),
        ("She left. “", []),
        ("She left. H", [9]),
        ("She left. h", []),
        ("She left\n", [8]),
        ("“Go!” Mary", []),
        ("“Go!” Mary sai", []),
        ("“Go!” Mary said. H", [16]),
        ("“Go!” Mary ran ", []),
        ("“Go!” Mary, ", [5]),
        ("“Go!” Mary ran to the door", [5]),
        ("Well... I", []),
        ("Well... In", [7]),
    ],
)
def test_ends_that_may_still_be_undone_are_left_out(text: str, certain: list[int]) -> None:
    assert sentence_ends(text, is_over=False) == certain


def test_a_novel_is_split_into_sentences_of_a_novel() -> None:
    """Three chapters of hard-wrapped lines, joined to paragraphs as an editor has them."""
    lines = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
    text = "\n".join(" ".join(paragraph.split()) for paragraph in lines.split("\n\n"))
    began = time.perf_counter()
    sentences = split_sentences(text)
    assert time.perf_counter() - began < 5
    words = sorted(len(sentence.split()) for sentence in sentences)
    assert 8 <= words[len(words) // 2] <= 30
    small = [sentence for sentence in sentences if sentence[0].islower()]
    assert len(small) < 0.03 * len(sentences), small[:9]
