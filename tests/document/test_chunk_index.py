import random

from writer.document.chunk_index import ChunkIndex


def chunk_of(sizes: list[int], offset: int) -> tuple[int, int]:
    for chunk, size in enumerate(sizes[:-1]):
        if offset < size:
            return chunk, offset
        offset -= size
    return len(sizes) - 1, offset


def test_every_offset_is_found_while_chunks_come_and_go() -> None:
    chance = random.Random(5)
    sizes = [chance.randint(1, 4) for _ in range(200)]
    index = ChunkIndex(sizes)
    for _ in range(300):
        first = chance.randrange(len(sizes))
        last = chance.randint(first, min(first + 3, len(sizes)))
        new = [chance.randint(1, 4) for _ in range(chance.randint(0 if last - first < len(sizes) else 1, 4))]
        sizes[first:last] = new
        index.splice(first, last, new)
        assert index.total == sum(sizes)
        for offset in (0, chance.randint(0, index.total), chance.randint(0, index.total), index.total):
            assert index.locate(offset) == chunk_of(sizes, offset)


def test_one_empty_chunk() -> None:
    assert ChunkIndex().locate(0) == (0, 0)
