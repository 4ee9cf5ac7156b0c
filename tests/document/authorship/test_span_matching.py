import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.authorship.passage import CONTEXT_LENGTH, Passage
from writer.document.authorship.span_matching import Place, find_passages

TEXT = """The lighthouse keeper had not spoken to anyone in three weeks when the boat came.

He watched it from the gallery. It was small, and it was late; nobody comes to the rock in October. \
He thought of the letter he had written and not sent.

"You have visitors," said the gull, or the wind did, and he went down the stairs to see to the kettle. \
There were two cups on the shelf. He took both.

On the landing a woman stood with her back to the sea. She had a suitcase, and the suitcase had his name on it.
"""


def passages_of(text: str, *parts: str) -> list[Passage]:
    return [passage(text, text.index(part), len(part)) for part in parts]


def passage(text: str, start: int, length: int) -> Passage:
    end = start + length
    before, after = text[max(0, start - CONTEXT_LENGTH) : start], text[end : end + CONTEXT_LENGTH]
    return Passage(start, text[start:end], before, after)


def found_texts(passages: Sequence[Passage], old: str, new: str) -> list[list[str]]:
    """What is marked of each passage, checked for what always holds."""
    found = find_passages(passages, len(old), new)
    assert len(found) == len(passages)
    taken = sorted(place for places in found for place in places)
    assert all(one.end <= other.start for one, other in pairwise(taken))
    for one, places in zip(passages, found, strict=True):
        at = 0
        for place in places:
            assert 0 <= place.start < place.end <= len(new)
            part = new[place.start : place.end]
            at = one.text.index(part, at) + len(part)
    return [[new[place.start : place.end] for place in places] for places in found]


LETTER = "He thought of the letter he had written and not sent."
KETTLE = "and he went down the stairs to see to the kettle. There were two cups on the shelf."
SUITCASE = "She had a suitcase, and the suitcase had his name on it."


@pytest.mark.parametrize(
    "edited",
    [
        TEXT,
        "A title\n\n" + TEXT,
        TEXT + "\nThe end.\n",
        TEXT.replace("It was small, and it was late; nobody comes to the rock in October. ", ""),
        TEXT.replace("He watched it", "He had watched it for an hour"),
        "\n\n".join(reversed(TEXT.split("\n\n"))),
        TEXT.replace("\n\n", "\n\n\t"),
        TEXT.replace("The lighthouse keeper", "The keeper").replace("He took both", "He took one"),
    ],
)
def test_passages_that_stay_whole_are_found_wherever_they_went(edited: str) -> None:
    passages = passages_of(TEXT, LETTER, KETTLE, SUITCASE)
    assert found_texts(passages, TEXT, edited) == [[LETTER], [KETTLE], [SUITCASE]]


def test_a_passage_that_is_gone_marks_nothing_else() -> None:
    passages = passages_of(TEXT, LETTER, KETTLE, SUITCASE)
    assert found_texts(passages, TEXT, TEXT.replace(KETTLE, "and he made tea.")) == [[LETTER], [], [SUITCASE]]
    assert found_texts(passages, TEXT, "") == [[], [], []]
    assert found_texts(passages, TEXT, TEXT.upper()) == [[], [], []]
    assert found_texts([], "", TEXT) == []


def test_of_a_passage_edited_inside_the_rest_stays_marked() -> None:
    passages = passages_of(TEXT, KETTLE)
    edited = TEXT.replace("down the stairs", "down the iron stairs")
    assert found_texts(passages, TEXT, edited) == [
        ["and he went ", " stairs to see to the kettle. There were two cups on the shelf."]
    ]
    short = "He took both cups down."  # 23 characters: less than two ends
    assert found_texts([Passage(0, short)], len(short) * "x", "He took both mugs down.") == [[]]
    cut = TEXT.replace("There were two cups on the shelf.", "")
    assert found_texts(passages, TEXT, cut) == [["and he went down the stairs to see to the kettle."]]
    moved = TEXT.replace(
        KETTLE, "There were two cups on the shelf. So he laughed, and he went down the stairs to see to the kettle."
    )
    assert sorted(part.strip() for part in found_texts(passages, TEXT, moved)[0]) == [
        "There were two cups on the shelf.",
        "and he went down the stairs to see to the kettle.",
    ]


def test_what_was_typed_inside_a_passage_is_not_marked_and_neither_are_a_few_like_letters() -> None:
    sentences = "The tide went out before noon. Nobody saw the cat. By evening the rock was an island again."
    text = f"One. {sentences} Two."
    edited = text.replace("Nobody saw the cat.", "Nobody asked for it.")
    # "Nobody " is the same, perhaps by chance: too little to say that the model wrote it.
    assert found_texts(passages_of(text, sentences), text, edited) == [
        ["The tide went out before noon.", "By evening the rock was an island again."]
    ]


def test_of_many_like_phrases_the_one_that_the_model_wrote_is_found() -> None:
    phrase = "He shook his head."
    text = "".join(
        f'"Number {n}," she said. {phrase} Line {n} went on for a while, and then ended.\n\n' for n in range(40)
    )
    start = text.index(phrase, text.index("Number 23"))
    for edited in (text, "New first paragraph, by another program.\n\n" * 20 + text, text.replace("Number 3", "No 3")):
        (place,) = find_passages([passage(text, start, len(phrase))], len(text), edited)[0]
        assert edited[: place.start].endswith('"Number 23," she said. ')


def test_a_like_phrase_elsewhere_is_not_taken_for_one_that_was_deleted() -> None:
    phrase = "He shook his head."
    far = "".join(f"Line {n} goes on for a while, and then it ends.\n" for n in range(200))
    text = f'"No," she said. {phrase} They left.\n{far}"Never," said the other. {phrase} It was late.\n'
    last = passage(text, text.rindex(phrase), len(phrase))
    assert found_texts([last], text, text) == [[phrase]]
    deleted = text[: last.start] + text[last.start + len(phrase) :]
    assert found_texts([last], text, deleted) == [[]]


def test_a_text_typed_twice_by_the_model_keeps_its_order() -> None:
    refrain = "Row, row, row your boat gently down the stream.\n"
    text = refrain * 6
    passages = [passage(text, number * len(refrain), len(refrain)) for number in (1, 4)]
    assert find_passages(passages, len(text), text) == [[Place(48, 96)], [Place(192, 240)]]
    added = "A line before.\n" + text
    assert find_passages(passages, len(text), added) == [[Place(63, 111)], [Place(207, 255)]]


def test_repeats_are_told_apart_by_how_far_their_neighbours_moved() -> None:
    refrain = "Row, row, row your boat gently down the stream.\n"
    human = "".join(f"Line {n} goes on for a while, and then it ends.\n" for n in range(200))
    text = f"{LETTER}\n{refrain * 9}{human}"
    passages = [passage(text, 0, len(LETTER)), passage(text, len(LETTER) + 1 + 4 * len(refrain), len(refrain))]
    edited = "New words. " * 200 + text[: -len(human) // 2]
    moved = len("New words. ") * 200
    assert find_passages(passages, len(text), edited) == [
        [Place(one.start + moved, one.start + moved + len(one.text))] for one in passages
    ]


def test_one_place_is_not_marked_for_two() -> None:
    line = "The lighthouse keeper had not spoken to anyone in three weeks."
    text = f"{line} He read.\n\nNobody came. {line} He slept.\n"
    passages = [passage(text, 0, len(line)), passage(text, text.rindex(line), len(line))]
    assert found_texts(passages, text, text) == [[line], [line]]
    once = f"Nobody came. {line} He slept.\n"
    assert sorted(found_texts(passages, text, once)) == [[], [line]]


@pytest.mark.parametrize("short", ["the", " ", "three weeks", "."])
def test_a_short_passage_is_known_by_what_stands_around_it(short: str) -> None:
    start = TEXT.index(short, TEXT.index("anyone"))
    one = passage(TEXT, start, len(short))
    edited = "A title\n\n" + TEXT.replace("He took both", "He took one")
    (place,) = find_passages([one], len(TEXT), edited)[0]
    assert place.start == start + len("A title\n\n")
    on_one_side = TEXT[:start] + short + " and more and other words" + TEXT[start + 40 :]
    assert find_passages([one], len(TEXT), on_one_side) == [[Place(start, start + len(short))]]
    away = TEXT[: max(0, start - 40)] + TEXT[start + 60 :]
    assert find_passages([one], len(TEXT), away) == [[]]


def test_a_text_of_one_short_passage_only() -> None:
    text = "Once upon a time,"
    assert found_texts([passage(text, 0, len(text))], text, text + " there was a king.") == [[text]]
    assert found_texts([passage(text, 0, len(text))], text, "Title\n\n" + text) == [[text]]


def test_astral_characters_and_half_ones() -> None:
    text = "😀 smiled the moon, and the moon \ud800 was 你好。我在这里等了你很久了。 End."
    part = text[2:-4]
    assert found_texts([passage(text, 2, len(part))], text, "🎉" + text) == [[part]]


Letters = list[tuple[str, int]]  # characters with their old places; -1 for what is new


@dataclass
class Edited:
    """A text with passages, and what another program made of it."""

    old: str
    new: Letters
    passages: list[Passage]


@st.composite
def edits(draw: st.DrawFn) -> Edited:
    rng = random.Random(draw(st.integers(0, 2**32)))
    vocabulary = ["the", "sea", "was", "a", "keeper", "lighthouse", "and", "slowly", "he", "said", "Nothing", "stairs"]

    def words(count: int) -> str:
        return " ".join(rng.choice(vocabulary) + rng.choice(["", "", "", ".", ",", "!"]) for _ in range(count))

    paragraphs = [words(rng.randint(1, 60)) for _ in range(rng.randint(1, 12))]
    old = "\n\n".join(paragraphs)
    places = iter(range(len(old)))
    lettered: list[Letters] = []
    for paragraph in paragraphs:
        lettered.append(list(zip(paragraph, places, strict=False)))
        _ = next(places, 0), next(places, 0)
    passages: list[Passage] = []
    at = 0
    while at < len(old):
        at += rng.randint(0, 150)
        length = min(rng.choice([1, 5, 11, 12, 30, 200, 600]), len(old) - at)
        if length > 0:
            passages.append(passage(old, at, length))
        at += length
    for _ in range(draw(st.integers(0, 4))):
        action = rng.choice(["insert", "delete", "move", "type", "cut"])
        if action == "insert" or not lettered:
            lettered.insert(rng.randint(0, len(lettered)), [(letter, -1) for letter in words(rng.randint(1, 40))])
            continue
        place = rng.randrange(len(lettered))
        one = lettered.pop(place)
        middle = rng.randint(0, len(one))
        if action == "move":
            lettered.insert(rng.randint(0, len(lettered)), one)
        elif action == "type":
            lettered.insert(place, [*one[:middle], *((letter, -1) for letter in words(3)), *one[middle:]])
        elif action == "cut":
            lettered.insert(place, [*one[:middle], *one[middle + rng.randint(1, 80) :]])
    new: Letters = []
    for paragraph in lettered:
        new += [*([("\n", -1)] * 2 if new else []), *paragraph]
    return Edited(old, new, passages)


@given(edits())
def test_what_is_marked_is_the_passages_own_and_what_is_untouched_is_found(edited: Edited) -> None:
    """Twelve words, over and over: likeness alone tells nothing."""
    new = "".join(letter for letter, _ in edited.new)
    found_texts(edited.passages, edited.old, new)
    for one, places in zip(edited.passages, find_passages(edited.passages, len(edited.old), new), strict=True):
        end = one.start + len(one.text)
        marked = [edited.new[at] for place in places for at in range(*place)]
        foreign = [letter for letter, place in marked if not one.start <= place < end and not letter.isspace()]
        # Beside a cut or an insertion a few letters may be alike, so that nobody can tell which they are.
        assert len(foreign) <= 12, (one, "".join(foreign))
        around = one.before + one.text + one.after
        if len(around) > 80 and new.count(around) == 1:
            assert [new[slice(*place)] for place in places] == [one.text]


@given(st.text("ab \n.", max_size=400), st.text("ab \n.", max_size=400), st.integers(0, 2**32))
def test_texts_full_of_repeats_break_nothing(old: str, new: str, seed: int) -> None:
    rng = random.Random(seed)
    bounds = sorted(rng.sample(range(len(old) + 1), k=min(len(old) + 1, 12)))
    pairs = zip(bounds[::2], bounds[1::2], strict=False)
    found_texts([passage(old, start, end - start) for start, end in pairs], old, new)


def test_passages_made_to_take_long_do_not() -> None:
    """All alike, in a text of nothing else: places without number, and pieces without number."""
    text = "a" * 300_000
    passages = [Passage(start, "a" * 40) for start in range(0, 200_000, 100)]
    began = time.process_time()
    find_passages(passages, 10**30, text)
    find_passages([Passage(0, "a. " * 100_000)], 300_000, "a. " * 90_000 + "b")
    find_passages([Passage(0, "." * 300_000)], 300_000, "." * 299_999)
    find_passages([Passage(0, "0123456789 " * 100_000)], 1_100_000, "0123456789 " * 90_000 + "b")
    assert time.process_time() - began < 10  # measured: 2 s


def long_text(rng: random.Random, n_words: int) -> tuple[str, list[Passage]]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(8_000)]
    paragraphs = []
    for _ in range(n_words // 60):
        sentences = (" ".join(rng.choices(vocabulary, k=12)).capitalize() for _ in range(5))
        paragraphs.append(". ".join(sentences) + ".")
    text = "\n\n".join(paragraphs)
    starts = rng.sample(range(0, len(text) - 400, 400), n_words // 200)
    return text, [passage(text, start, rng.randint(3, 390)) for start in sorted(starts)]


def edit_every_paragraph(text: str, rng: random.Random) -> str:
    paragraphs = [paragraph.split(" ") for paragraph in text.split("\n\n")]
    for words in paragraphs:
        words[rng.randrange(len(words))] = "other"
    return "\n\n".join(map(" ".join, paragraphs))


def test_a_long_text_edited_everywhere_keeps_most_of_its_marks() -> None:
    rng = random.Random(5)
    text, passages = long_text(rng, 60_000)
    found = find_passages(passages, len(text), edit_every_paragraph(text, rng))
    n_found = sum(place.end - place.start for places in found for place in places)
    assert n_found > 0.95 * sum(len(one.text) for one in passages)
    assert sum(map(bool, found)) > 0.98 * len(passages)


@pytest.mark.long
@pytest.mark.alone
def test_five_thousand_passages_in_a_million_words_take_less_than_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(6)
    text, passages = long_text(rng, 1_000_000)
    shuffled = text.split("\n\n")
    rng.shuffle(shuffled)
    for name, edited in (
        ("a line before", "A line.\n" + text),
        ("edited everywhere", edit_every_paragraph(text, rng)),
        ("shuffled", "\n\n".join(shuffled)),
        ("all gone", text.upper()),
    ):
        took = math.inf
        for _ in range(3):  # other processes slow the processor itself down
            began = time.process_time()
            found = find_passages(passages, len(text), edited)
            took = min(took, time.process_time() - began)
        with capsys.disabled():
            print(f"\n{name}: {sum(map(bool, found))} of {len(passages)} passages found in {took:.2f} s", end="")
        assert took < 1
