"""How often the writer takes what is suggested, by how sure the model was: the record behind "show it if I would take
one in N". Numbers only, never a word of the text."""

import itertools
import math
from typing import Any, Self

# Confidences (natural logarithms, see `ghost_draft`) are kept in ranges of this width; what is less sure falls into
# the first range, where ghosts are hopeless.
_WIDTH = 0.25
_N_RANGES = 16
# What is believed before there is a record: suggestions are taken as often as the model says that they are right. It
# weighs as much as so many suggestions in each range.
_PRIOR_WEIGHT = 6.0
# A range keeps no more than this many: what the writer did long ago, perhaps beside another model, fades.
_MOST_KEPT = 200.0
_FORMAT_VERSION = 1


class Acceptance:
    """Counts for each range of confidence. A writer who is surer to take the surer suggestions is taken for granted,
    so that few counts in one range are righted by those beside it (isotonic regression)."""

    def __init__(self) -> None:
        self._n_shown = [0.0] * _N_RANGES
        self._n_accepted = [0.0] * _N_RANGES

    def record(self, confidence: float, accepted: bool) -> None:
        """One suggestion that was shown, and whether the writer took any of it. A confidence that is no number is
        none."""
        if math.isnan(confidence):
            return
        at = _range_of(confidence)
        self._n_shown[at] += 1
        self._n_accepted[at] += accepted
        if self._n_shown[at] > _MOST_KEPT:
            self._n_shown[at] /= 2
            self._n_accepted[at] /= 2

    def threshold(self, one_in: int) -> float:
        """The least confidence at which at least one suggestion in `one_in` is taken.

        The surest range is always shown: a record that kept everything away could never be put right."""
        wanted = 1 / max(1, one_in)
        points = list(zip(map(_middle, range(_N_RANGES)), self._shares(), strict=True))
        highest = _lower_end(_N_RANGES - 1)
        if points[0][1] >= wanted:
            return -math.inf
        for (low, low_share), (high, high_share) in itertools.pairwise(points):
            if high_share >= wanted:
                return min(low + (high - low) * (wanted - low_share) / (high_share - low_share), highest)
        return highest

    def curve(self) -> list[tuple[float, float, int]]:
        """(confidence, share that is taken, suggestions counted) for each range, least sure first: the middle of the
        range, and the share as it is believed, from 0 to 1, never falling."""
        shares = self._shares()
        return [(_middle(i), shares[i], round(self._n_shown[i])) for i in range(_N_RANGES)]

    @property
    def n_recorded(self) -> int:
        return round(sum(self._n_shown))

    def erase(self) -> None:
        self._n_shown = [0.0] * _N_RANGES
        self._n_accepted = [0.0] * _N_RANGES

    def to_json(self) -> dict[str, Any]:
        return {"format_version": _FORMAT_VERSION, "shown": list(self._n_shown), "accepted": list(self._n_accepted)}

    @staticmethod
    def is_from_newer(values: object) -> bool:
        """Whether a newer Writer made the record `values`, which this one cannot read."""
        version = values.get("format_version") if isinstance(values, dict) else None
        return type(version) is int and version > _FORMAT_VERSION

    @classmethod
    def from_json(cls, values: object) -> Self:
        """What `to_json` gave; an empty record in place of anything else."""
        record = cls()
        if not isinstance(values, dict) or values.get("format_version") != _FORMAT_VERSION:
            return record
        shown, accepted = _counts(values.get("shown")), _counts(values.get("accepted"))
        if (
            shown
            and accepted
            and all(n_accepted <= n_shown for n_shown, n_accepted in zip(shown, accepted, strict=True))
        ):
            record._n_shown, record._n_accepted = shown, accepted
        return record

    def _shares(self) -> list[float]:
        weights = [n + _PRIOR_WEIGHT for n in self._n_shown]
        believed = [math.exp(_middle(i)) for i in range(_N_RANGES)]
        return _isotonic(
            [
                (n + share * _PRIOR_WEIGHT) / weight
                for n, share, weight in zip(self._n_accepted, believed, weights, strict=True)
            ],
            weights,
        )


def _lower_end(at: int) -> float:
    return (at - _N_RANGES) * _WIDTH


def _middle(at: int) -> float:
    return _lower_end(at) + _WIDTH / 2


def _range_of(confidence: float) -> int:
    below = min(max(-confidence, 0.0), _N_RANGES * _WIDTH) / _WIDTH
    return max(0, _N_RANGES - 1 - int(below))


def _counts(values: object) -> list[float]:
    """One for each range; none when they are anything else."""
    if not isinstance(values, list) or len(values) != _N_RANGES:
        return []
    counts = [float(n) for n in values if type(n) in (int, float) and 0 <= n <= _MOST_KEPT]
    return counts if len(counts) == _N_RANGES else []


def _isotonic(values: list[float], weights: list[float]) -> list[float]:
    """The never falling sequence with the least weighted squared distance from `values` (pool adjacent violators:
    Ayer et al., 1955)."""
    pools: list[tuple[float, float, int]] = []  # value, weight, how many
    for value, weight in zip(values, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (value_2, weight_2, n_2), (value_1, weight_1, n_1) = pools.pop(), pools.pop()
            both = weight_1 + weight_2
            pools.append(((value_1 * weight_1 + value_2 * weight_2) / both, both, n_1 + n_2))
    return [value for value, _, n in pools for _ in range(n)]
