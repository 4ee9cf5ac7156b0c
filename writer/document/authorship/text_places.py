"""Where many short strings stand in one long text, found in a single pass."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

PROBE_LENGTH = 12
"""Code points of a needle by which it is looked up: shorter ones are not looked for."""

_BLOCK_LENGTH = 2**18  # code points hashed at a time: they fit in the processor's cache
_MOST_PER_BLOCK = 256  # places kept of one probe: "            " can stand anywhere
_FACTOR = 0x9E3779B1
_TABLE_BITS = 20


class TextPlaces:
    """Places of the first PROBE_LENGTH code points of each needle; whether the rest follows, the caller looks.

    Time grows with the text and the number of needles, whatever they are. Of a probe that stands in very many places
    some are left out.
    """

    def __init__(self, text: str, needles: Iterable[str]) -> None:
        probes = sorted({needle[:PROBE_LENGTH] for needle in needles})
        keys, which = np.unique(_hashes("".join(probes))[::PROBE_LENGTH], return_inverse=True)
        self._key_of = dict(zip(probes, which.tolist(), strict=True))
        shift = np.uint32(32 - _TABLE_BITS)
        table = np.zeros(2**_TABLE_BITS, np.bool_)
        table[keys >> shift] = True
        found: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]] = []
        for begin in range(0, len(text) - PROBE_LENGTH + 1 if probes else 0, _BLOCK_LENGTH):
            hashes = _hashes(text[begin : begin + _BLOCK_LENGTH + PROBE_LENGTH - 1])
            places = np.flatnonzero(table[hashes >> shift])
            key = np.searchsorted(keys, hashes[places])
            is_hit = keys[np.minimum(key, len(keys) - 1)] == hashes[places]
            found.append(_thinned(key[is_hit], places[is_hit] + begin))
        key = np.concatenate([part for part, _ in found]) if found else np.empty(0, np.intp)
        places = np.concatenate([part for _, part in found]) if found else np.empty(0, np.intp)
        order = np.argsort(key, kind="stable")
        self._places: list[int] = places[order].tolist()
        self._bounds: list[int] = np.searchsorted(key[order], np.arange(len(keys) + 1)).tolist()
        self._known: dict[int, list[int]] = {}

    def of(self, needle: str) -> Sequence[int]:
        """Where the needle may begin, in order."""
        key = self._key_of[needle[:PROBE_LENGTH]]
        if key not in self._known:
            self._known[key] = self._places[self._bounds[key] : self._bounds[key + 1]]
        return self._known[key]


def _hashes(text: str) -> npt.NDArray[np.uint32]:
    """The hash of every PROBE_LENGTH code points that follow each other."""
    hashes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    power = _FACTOR
    for step, times in ((1, 3), (3, 2), (6, 2)):  # of 1, then of 3, of 6, of 12 code points
        length = len(hashes) - step * (times - 1)
        summed, weight = hashes[:length].copy(), 1
        for nth in range(1, times):
            weight = weight * power % 2**32
            summed += hashes[nth * step : nth * step + length] * np.uint32(weight)
        hashes, power = summed, weight * power % 2**32
    hashes *= np.uint32(_FACTOR)
    return hashes


def _thinned(
    key: npt.NDArray[np.intp], places: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The first _MOST_PER_BLOCK places of each key."""
    order = np.argsort(key, kind="stable")
    key, places = key[order], places[order]
    rank = np.arange(len(key)) - np.searchsorted(key, key)
    kept = rank < _MOST_PER_BLOCK
    return key[kept], places[kept]
