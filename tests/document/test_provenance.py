"""Runs in many blocks, against a list with one entry for each character."""

import itertools
import random

from writer.document.provenance import Author, Provenance, Run

HUMAN = Run(1, Author.HUMAN)


def expanded(runs: list[Run]) -> list[Run]:
    return [run._replace(length=1) for run in runs for _ in range(run.length)]


def is_merged(runs: list[Run]) -> bool:
    return all(run.length for run in runs) and not any(a.same_source(b) for a, b in itertools.pairwise(runs))


def test_thousands_of_runs_stay_right_and_merged() -> None:
    chance = random.Random(3)
    runs = [Run(1 + i % 3, Author.MODEL, f"g{i % 7}") if i % 2 else Run(2, Author.HUMAN) for i in range(2_000)]
    cells = expanded(runs)
    provenance = Provenance(runs)
    for i in range(600):
        start = chance.randint(0, len(cells))
        end = min(len(cells), start + chance.choice((0, 1, 2, 40, 900 if i % 50 == 0 else 3)))
        n_new = chance.choice((0, 0, 1, 2, 3))
        new = [Run(chance.randint(1, 3), Author.MODEL, f"g{chance.randrange(7)}") for _ in range(n_new)]
        if chance.random() < 0.3:
            new.append(Run(2, Author.HUMAN))
        assert expanded(provenance.runs(start, end)) == cells[start:end]
        assert is_merged(provenance.runs(start, end))
        provenance.replace(start, end, new)
        cells[start:end] = expanded(new)
        assert len(provenance) == len(cells)
        if i % 20 == 0:
            everything = provenance.runs(0, len(cells))
            assert expanded(everything) == cells
            assert is_merged(everything)
            assert provenance.length_of("g3") == cells.count(Run(1, Author.MODEL, "g3"))
    provenance.replace(0, len(cells), [])
    assert (len(provenance), provenance.runs(0, 0)) == (0, [])
    provenance.replace(0, 0, [HUMAN])
    assert provenance.runs(0, 1) == [HUMAN]


def test_deleting_leaves_no_crumbs() -> None:
    provenance = Provenance(Run(10, Author.MODEL, f"g{i}") for i in range(64 * 30))
    for block in reversed(range(30)):
        provenance.replace(block * 640 + 10, block * 640 + 630, [])
    assert [run.length for run in provenance.runs(0, len(provenance))] == [10] * 60
    assert len(provenance._blocks) <= 3
