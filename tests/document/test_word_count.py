from hypothesis import given
from hypothesis import strategies as st

from writer.document.document import Document
from writer.document.word_count import WordCount

TEXTS = st.text(st.sampled_from("ab \n\u00a0\u2009😀—"), max_size=12)


@given(TEXTS, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5), TEXTS), max_size=12))
def test_it_is_always_what_counting_anew_gives(text: str, edits: list[tuple[float, int, str]]) -> None:
    document = Document(text)
    words = WordCount(document)
    document.subscribe(words.follow)
    assert words.value == len(document.text.split())
    for place, length, inserted in edits:
        start = int(place * len(document))
        document.replace(start, min(start + length, len(document)), inserted)
        assert words.value == len(document.text.split())
    while document.undo():
        assert words.value == len(document.text.split())
    while document.redo():
        assert words.value == len(document.text.split())
