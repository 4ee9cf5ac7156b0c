"""What the model is shown, key by key."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.context import Context, ContextBuilder, Origin
from writer.assist.context_notes import ContextNotes, LoreEntry, Pin
from writer.engine.generate import reserve_tokens
from writer.engine.imported_tokenizer import load_tokenizer
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

START = 50256
NO_NOTES = ContextNotes()
ALICE = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")
RESERVE = reserve_tokens(1024, 1024)


def gpt2() -> Tokenizer:
    files = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))


TOKENIZER = gpt2()


@pytest.fixture(scope="module")
def starter_tokenizer(starter_home: Path) -> Tokenizer:
    """It has digits one by one, other than GPT-2's."""
    return load_tokenizer(ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter").folder)


def build(builder: ContextBuilder, text: str, notes: ContextNotes = NO_NOTES, *, idle: bool = False) -> Context:
    """As a window asks for it: with the end of the document alone."""
    first = max(0, len(text) - builder.longest_chars)
    return builder.build(text[first:], first, notes, RESERVE, idle=idle)


def new_builder(n_ctx: int = 1024) -> ContextBuilder:
    return ContextBuilder(TOKENIZER, n_ctx, START)


def spelled(context: Context, tokenizer: Tokenizer = TOKENIZER) -> str:
    """The document's text in it, with what is to be drawn anew."""
    text = [i for part in context.parts if part.origin is Origin.TEXT for i in part.token_ids]
    return (b"".join(map(tokenizer.token_bytes, text)) + context.prompt.typed).decode("utf-8")


def common(a: Context, b: Context) -> int:
    pairs = zip(a.token_ids, b.token_ids, strict=False)
    return next((i for i, (x, y) in enumerate(pairs) if x != y), min(a.n_tokens, b.n_tokens))


def titles(context: Context) -> list[tuple[str, str]]:
    return [(str(part.origin), part.title) for part in context.parts if part.origin is not Origin.TEXT]


def typed_on(text: str, begin: int, n_words: int) -> Iterator[str]:
    """The text word by word, a key that ends each word and the space after it told apart."""
    for _ in range(n_words):
        begin = text.index(" ", begin + 1)
        yield text[:begin]
        yield text[: begin + 1]


# -- what is in it -------------------------------------------------------------------------------------------------


def test_a_short_text_is_shown_whole_after_the_notes() -> None:
    notes = ContextNotes(
        "A tale of the sea.",
        "grim",
        2,
        (LoreEntry("1", "Anna", ("Anna",), "Anna is a diver."), LoreEntry("2", "Bo", ("Bo",), "Bo is a cook.")),
        (Pin("They swore an oath."),),
    )
    context = build(new_builder(), "One.\n\nTwo.\n\nAnna sang,", notes)
    assert context.text == (
        "A tale of the sea.\nAnna is a diver.\nThey swore an oath.\nOne.\n\n[Author's note: grim]\nTwo.\n\nAnna sang,"
    )
    assert titles(context) == [
        ("memory", "Memory"),
        ("lore", "Anna"),
        ("pin", "They swore an oath."),
        ("note", "Author’s note"),
    ]
    assert [part.start for part in context.parts if part.origin is Origin.TEXT] == [0, 6]
    assert context.horizon == 0


@pytest.mark.parametrize(
    ("depth", "text", "before"),
    [
        (1, "A.\nB.\nC,", "A.\nB.\n"),
        (2, "A.\nB.\nC,", "A.\n"),
        (3, "A.\nB.\nC,", ""),
        (9, "A.\nB.\nC,", ""),
        (0, "A.\nB.\nC,", "A.\nB.\n"),
        (1, "A.\n\nB.\n\n", "A.\n\nB.\n\n"),
        (1, "A.\n\nB.\n\n ", "A.\n\nB.\n\n"),
        (1, "A.\n\n  B,", "A.\n\n"),
        (2, "A.\n\nB.\n\n", "A.\n\n"),
        (1, "", ""),
    ],
)
def test_the_authors_note_stands_so_many_paragraphs_before_the_caret(depth: int, text: str, before: str) -> None:
    context = build(new_builder(), text, ContextNotes(authors_note="x", note_depth=depth))
    note = next(i for i, part in enumerate(context.parts) if part.origin is Origin.NOTE)
    ids = [i for part in context.parts[:note] for i in part.token_ids]
    assert TOKENIZER.decode(ids) == before
    assert spelled(context) == text


def test_a_pinned_passage_is_told_only_while_the_text_does_not_show_it() -> None:
    pin = ALICE[: ALICE.index(".") + 1].strip()
    notes = ContextNotes(pins=(Pin(pin),))
    builder = new_builder()
    assert titles(build(builder, ALICE[:1500], notes)) == []
    context = build(builder, ALICE, notes)
    assert context.horizon > len(pin)
    assert [origin for origin, _ in titles(context)] == ["pin"]
    assert context.text.startswith(pin[:30])


def test_new_lore_is_told_at_once_and_goes_only_in_a_pause() -> None:
    notes = ContextNotes(lore=(LoreEntry("1", "Bo", ("Bo",), "Bo is a cook."),))
    builder = new_builder()
    assert titles(build(builder, "There was", notes)) == []
    assert titles(build(builder, "There was Bo", notes)) == [("lore", "Bo")]
    assert titles(build(builder, "There was B", notes)) == [("lore", "Bo")]
    assert titles(build(builder, "There was B", notes, idle=True)) == []


def test_lore_without_room_is_named() -> None:
    lore = tuple(LoreEntry(str(i), f"E{i}", ("and",), "word " * 150, priority=-i) for i in range(5))
    context = build(new_builder(), ALICE, ContextNotes(lore=lore))
    assert titles(context) == [("lore", "E0"), ("lore", "E1")]
    assert context.left_out == ("E2", "E3", "E4")


def test_nothing_of_the_notes_gives_way_to_a_long_text() -> None:
    lore = (LoreEntry("1", "Alice", ("and",), "Alice is seven. " * 10),)
    notes = ContextNotes("A dream. " * 20, "playful", 3, lore, (Pin("A pinned line."),))
    for end in (300, 3000, 30_000, len(ALICE)):
        context = build(new_builder(), ALICE[:end], notes)
        for text in (notes.memory, notes.authors_note, lore[0].text, "A pinned line."):
            assert text.strip() in context.text
        assert not any(part.is_shortened for part in context.parts)


def test_notes_that_are_too_long_leave_a_page_of_text() -> None:
    lore = tuple(LoreEntry(str(i), "", ("Alice",), f"Fact {i}. " * 12) for i in range(30))
    notes = ContextNotes("It is so. " * 900, "word " * 3000, 3, lore, (Pin("pinned " * 2000),))
    context = build(new_builder(), ALICE, notes)
    n_of = {origin: sum(len(part.token_ids) for part in context.parts if part.origin is origin) for origin in Origin}
    assert n_of[Origin.MEMORY] <= 192
    assert n_of[Origin.NOTE] <= 48
    assert n_of[Origin.PIN] <= 96
    assert n_of[Origin.TEXT] >= 120
    memory = TOKENIZER.decode(context.parts[0].token_ids)
    assert context.parts[0].is_shortened
    assert n_of[Origin.MEMORY] > 150
    assert memory.endswith("It is so.\n")


def test_without_any_text_the_model_reads_its_start() -> None:
    assert build(new_builder(), "").prompt.token_ids == (START,)
    context = build(new_builder(), "Hel")
    assert (context.prompt.token_ids, context.prompt.typed) == ((START,), b"Hel")
    assert [part.token_ids for part in context.parts] == [(START,)]
    headless = ContextBuilder(TOKENIZER, 1024, None)
    assert headless.build("Hel", 0, NO_NOTES, 100).text == "Hel"
    with pytest.raises(WriterError, match="nothing to continue"):
        headless.build("", 0, NO_NOTES, 100)


def test_the_hash_tells_contexts_apart() -> None:
    a, b, c = (build(new_builder(), text) for text in ("One two.", "One two.", "One too."))
    assert a.context_hash == b.context_hash != c.context_hash
    assert len(a.context_hash) == 64


# -- at the caret --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read", "typed"),
    [
        ("the old lightho", "the old", b" lightho"),
        ("the old", "the", b" old"),
        ("the old ", "the old", b" "),
        ("the old.", "the old.", b""),
        ("the old. ", "the old.", b" "),
        ("the  ", "the ", b" "),
        ("I don'", "I", b" don'"),
        ("he said '", "he said '", b""),
        ("One.\n\nHel", "One.\n\n", b"Hel"),
        ("One.\n\n", "One.\n\n", b""),
        ("One.\n  ", "One.\n ", b" "),
        ("in 1984", "in", b" 1984"),
    ],
)
def test_the_word_at_the_caret_is_left_to_the_model(text: str, read: str, typed: bytes) -> None:
    context = build(new_builder(), text)
    assert (context.text, context.prompt.typed) == (read, typed)


def test_a_word_is_drawn_anew_up_to_the_notes_and_not_further() -> None:
    context = build(new_builder(), "Hel", ContextNotes(memory="Memory"))
    assert (context.text, context.prompt.typed) == ("Memory\n", b"Hel")
    context = build(new_builder(), "One.\nHel", ContextNotes(authors_note="x", note_depth=1))
    assert (context.text, context.prompt.typed) == ("One.\n[Author's note: x]\n", b"Hel")


def test_a_blank_line_is_read_as_it_is_within_a_text() -> None:
    whole = TOKENIZER.encode("One.\n\nTwo")
    assert list(build(new_builder(), "One.\n\n").token_ids) == whole[: len(whole) - len(TOKENIZER.encode("Two"))]


PROSE = st.text(st.sampled_from("aabbc  .,'\"!’“\n-E1é日🦄\t\ud800"), max_size=300)


@given(st.integers(0, len(ALICE)), st.integers(1, 400))
def test_what_is_read_and_typed_spells_the_text_at_any_cut(end: int, length: int) -> None:
    text = ALICE[max(0, end - length) : end]
    context = build(new_builder(), text, ContextNotes("Memory.", "note", 2))
    assert spelled(context) == text


@given(PROSE)
def test_any_text_is_spelled_exactly(text: str) -> None:
    expected = text.replace("\ud800", "?")
    for notes in (NO_NOTES, ContextNotes(authors_note="note", note_depth=1)):
        context = new_builder().build(text, 0, notes, 100)
        shown = spelled(context)
        assert expected.endswith(shown)
        assert context.horizon == len(expected) - len(shown)
        assert shown == expected or len(TOKENIZER.encode(text)) > 500


def test_the_starter_is_shown_the_text_too(starter_tokenizer: Tokenizer) -> None:
    for text in ("In 1984 they", "It is 19", "One.\n\nTwo 2 ", ALICE[:5000], ALICE[3:777]):
        context = ContextBuilder(starter_tokenizer, 2048, 0).build(text, 0, NO_NOTES, 512)
        assert spelled(context, starter_tokenizer) == text


# -- the budget ----------------------------------------------------------------------------------------------------

LORE = st.builds(
    LoreEntry,
    st.uuids().map(str),
    st.just("t"),
    st.tuples(st.sampled_from(["a", "b", "E", "Alice", "[bc]+", "."])),
    st.text("ab .\n", max_size=200),
    st.integers(-2, 2),
    st.booleans(),
)
NOTES = st.builds(
    ContextNotes,
    st.text("ab .日\n", max_size=900),
    st.text("ab .日\n", max_size=300),
    st.integers(1, 5),
    st.lists(LORE, max_size=6).map(tuple),
    st.lists(st.builds(Pin, st.text("ab .\n", max_size=200)), max_size=3).map(tuple),
)
TEXTS = st.one_of(
    st.tuples(st.integers(0, 20_000), st.integers(0, 8000)).map(lambda t: ALICE[t[0] : t[0] + t[1]]),
    st.tuples(PROSE, st.integers(1, 60)).map(lambda t: t[0] * t[1]),
    st.integers(0, 6000).map("日".__mul__),
)


@given(st.lists(st.tuples(TEXTS, NOTES, st.integers(0, 250), st.booleans()), min_size=1, max_size=5))
def test_no_more_than_the_room_is_ever_used(calls: list[tuple[str, ContextNotes, int, bool]]) -> None:
    builder = new_builder(256)
    for text, notes, reserve, idle in calls:
        first = max(0, len(text) - builder.longest_chars)
        context = builder.build(text[first:], first, notes, reserve, idle=idle)
        n_typed = len(TOKENIZER.encode(context.prompt.typed.decode("utf-8", "ignore")))
        assert 0 < context.n_tokens <= 256 - reserve
        assert context.n_tokens + n_typed <= 256 - reserve + 1  # the stand-in for no text
        assert context.token_ids == tuple(i for part in context.parts for i in part.token_ids)
        assert text.replace("\ud800", "?").endswith(spelled(context))
        if text.strip() and reserve < 200:
            assert context.horizon < len(text)


def test_the_room_is_kept_to_at_every_key() -> None:
    builder, most = new_builder(256), 0
    notes = ContextNotes(authors_note="x", note_depth=2)
    text = "One.\n\n   Two, too.\n\n\n  " * 60
    for end in range(len(text)):
        context = builder.build(text[:end], 0, notes, 64)
        typed = TOKENIZER.encode(context.prompt.typed.decode())
        most = max(most, context.n_tokens + len(typed))
    assert 185 < most <= 192


# -- from one key to the next --------------------------------------------------------------------------------------

FULL_NOTES = ContextNotes(
    "A dream of Alice. " * 5, "playful", 3, (LoreEntry("1", "Q", ("Queen", "R.bbit"), "The Queen rules.", 0, True),)
)


@pytest.mark.parametrize("notes", [NO_NOTES, FULL_NOTES], ids=["no notes", "notes"])
@pytest.mark.parametrize("pause_every", [0, 30])
def test_typing_changes_the_end_alone_and_cuts_are_rare(notes: ContextNotes, pause_every: int) -> None:
    builder = new_builder()
    context = build(builder, ALICE[:10_000], notes)
    cuts = []
    n_changed = []
    for n, text in enumerate(typed_on(ALICE, 10_000, 600)):
        idle = bool(pause_every) and n % (2 * pause_every) == 0
        latest = build(builder, text, notes, idle=idle)
        if latest.horizon != context.horizon:
            cuts.append(idle)
            assert context.n_tokens - latest.n_tokens > 150
            assert text[latest.horizon - 1].isspace()
        elif not idle and len(latest.parts) == len(context.parts):
            n_changed.append(context.n_tokens - common(context, latest))
        assert spelled(latest) == text[latest.horizon :]
        context = latest
    assert 1 <= len(cuts) <= 4
    assert all(cuts) if pause_every else not any(cuts)
    few = [changed for changed in n_changed if changed <= 3]
    assert len(few) >= 0.95 * len(n_changed)  # a new paragraph moves the author's note
    if notes is NO_NOTES:
        assert len(few) == len(n_changed)


def test_an_edit_further_up_keeps_what_stands_before_it() -> None:
    builder = new_builder()
    context = build(builder, ALICE[:10_000])
    for text in typed_on(ALICE, 10_000, 120):
        context = build(builder, text, idle=True)
    back = TOKENIZER.decode(context.token_ids[-300:])
    caret = len(text) - len(back)
    edited = build(builder, text[:caret] + " quite", idle=True)
    assert edited.horizon == context.horizon
    assert common(edited, context) >= context.n_tokens - 305
    again = build(builder, text[:caret] + " quite" + back)
    assert common(again, edited) >= edited.n_tokens - 3


def test_a_change_before_the_horizon_does_not_move_the_beginning() -> None:
    builder = new_builder()
    context = build(builder, ALICE[:20_000])
    for text in typed_on(ALICE, 20_000, 150):
        context = build(builder, text)
    moved = build(builder, "A new first line.\n" + text)
    assert moved.token_ids == context.token_ids
    assert moved.horizon == context.horizon + 18
    assert build(builder, text).token_ids == context.token_ids
    assert build(new_builder(), text).token_ids != context.token_ids


def test_when_the_text_is_read_anew_anyway_it_is_cut_too() -> None:
    builder = new_builder()
    context = build(builder, ALICE[:20_000])
    for text in typed_on(ALICE, 20_000, 600):
        context = build(builder, text)
        if context.n_tokens > 720:
            break
    assert build(builder, text).horizon == context.horizon
    noted = build(builder, text, ContextNotes(memory="A dream."))
    assert noted.horizon > context.horizon
    assert noted.n_tokens < 600


def test_lore_and_pins_that_a_cut_brings_have_room() -> None:
    far, near = "Anna and the oath. ", "Bo is here. " * 700
    lore = (
        LoreEntry("1", "A", ("Anna",), "one " * 140, priority=1),
        LoreEntry("2", "B", ("Bo",), "two " * 298),
    )
    notes = ContextNotes(lore=lore, pins=(Pin(far + "Bo"), Pin(("Bo is here. " * 16 + "End.").strip())))
    context = build(new_builder(), ("Bo is here. " * 16 + "End. ") + far + near, notes, idle=True)
    assert ("lore", "B") in titles(context)
    assert len(titles(context)) == 3
    assert context.n_tokens <= 704


def test_the_text_begins_at_the_same_place_where_little_of_it_is_words() -> None:
    text = "=" * 80_000
    builder = new_builder()
    horizons = {build(builder, text[:end], idle=end % 3 == 0).horizon for end in range(len(text) - 2000, len(text), 40)}
    assert len(horizons) == 1


def test_text_without_spaces_is_cut_in_large_steps_too() -> None:
    text = "日本語文字列を書く。" * 800
    builder = new_builder()
    contexts = [build(builder, text[:end], idle=True) for end in range(6000, 7000, 3)]
    assert min(context.n_tokens for context in contexts) > 300
    assert len({context.horizon for context in contexts}) < 9


def test_more_text_than_is_of_use_is_passed_over() -> None:
    text = ("=" * 100 + "\n") * 400
    assert new_builder().build(text, 0, NO_NOTES, RESERVE) == build(new_builder(), text)


def test_a_caret_that_goes_far_back_sees_the_text_before_it() -> None:
    builder = new_builder()
    far = build(builder, ALICE)
    near = build(builder, ALICE[: far.horizon + 100])
    assert near.horizon < far.horizon - 500
    assert near.n_tokens > 250


def test_a_cut_is_the_same_for_the_same_history() -> None:
    texts = [*typed_on(ALICE, 12_000, 200)]
    one, other = new_builder(), new_builder()
    assert [build(one, text).token_ids for text in texts] == [build(other, text).token_ids for text in texts]


def test_the_length_asked_for_does_not_change_the_beginning() -> None:
    builder = new_builder()
    notes = ContextNotes("It is so. " * 900, "word " * 3000, 1)
    contexts = [builder.build(ALICE[:3000], 0, notes, reserve) for reserve in (8, 64, 256, 8)]
    assert len({context.token_ids for context in contexts}) == 1


def test_a_word_more_in_half_a_million_costs_milliseconds() -> None:
    words = (ALICE + "\n") * (500_000 // len(ALICE.split()) + 1)
    assert len(words.split()) >= 500_000
    lore = tuple(LoreEntry(str(i), "", (f"Name{i}", f"Other {i}"), "A fact.") for i in range(100))
    patterns = tuple(LoreEntry(f"r{i}", "", (rf"\bNam(e|es){i}\b",), "A fact.", is_regex=True) for i in range(10))
    notes = ContextNotes("A dream of Alice. " * 30, "playful", 3, lore + patterns, (Pin("Pinned."),))
    builder = new_builder()
    build(builder, words, notes, idle=True)
    durations = []
    longer = words + " and so she went on to the next one of these words" * 3
    for text in typed_on(longer, len(words), 25):
        began = time.process_time()
        build(builder, text, notes)
        durations.append(time.process_time() - began)
    print(sorted(durations)[len(durations) // 2])
    assert sorted(durations)[len(durations) // 2] < 0.005
