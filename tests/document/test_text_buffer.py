import random

from writer.document.text_buffer import TextBuffer


def test_a_text_of_many_chunks_stays_right() -> None:
    chance = random.Random(4)
    text = "".join(chance.choice("abcdef \n😀") for _ in range(60_000))
    buffer = TextBuffer(text)
    for i in range(300):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice((0, 1, 3, 3_000, 12_000 if i % 20 == 0 else 2)))
        new = "xyz" * chance.choice((0, 0, 1, 2, 5_000 if i % 15 == 0 else 1))
        assert buffer.slice(start, end) == text[start:end]
        buffer.replace(start, end, new)
        text = text[:start] + new + text[end:]
        assert len(buffer) == len(text)
        assert buffer.slice(max(0, start - 5), start + len(new)) == text[max(0, start - 5) : start + len(new)]
        if i % 10 == 0:
            assert buffer.text == text
    buffer.replace(0, len(text), "")
    assert (len(buffer), buffer.text, buffer.slice(0, 0)) == (0, "", "")


def test_deleting_leaves_no_crumbs() -> None:
    buffer = TextBuffer("word " * 20_000)
    for chunk in reversed(range(24)):
        buffer.replace(chunk * 4_096 + 5, chunk * 4_096 + 4_090, "")
    assert len(buffer) == 100_000 - 24 * 4_085
    assert len(buffer._chunks) <= 3
