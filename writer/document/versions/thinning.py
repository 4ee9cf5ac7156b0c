"""Which kept versions may go: the older, the fewer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from writer.document.versions.version_record import Reason, Version

N_ALWAYS_KEPT = 30  # the newest by number, so that a clock that jumps cannot thin what was written just now
_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_SPACINGS = (  # up to what age, and how many seconds from one to the next
    (timedelta(days=1), 0),
    (timedelta(days=7), _HOUR_S),
    (timedelta(days=90), _DAY_S),
    (timedelta.max, 7 * _DAY_S),
)
_CROWDED_S = 600  # seconds from one to the next on a day with too many

# Before something drastic, or by the writer's own wish: none of them is like its neighbours.
_KEPT_LONGER = {Reason.LARGE_DELETION, Reason.BY_HAND, Reason.RESTORE, Reason.OTHER_PROGRAM}
_KEPT_LONGER_FOR = timedelta(days=90)


def superfluous(versions: Sequence[Version], now: datetime, max_versions: int) -> set[Version]:
    """Those of `versions`, newest first, that the schedule does not keep.

    It keeps all of the last day, one an hour for a week, one a day for three months and one a week after that; of each
    hour, day and week the newest. Those with a name or of a newer Writer always stay, and for three months those that
    were kept before something drastic or by hand. When more than `max_versions` would stay, the last day keeps one in
    ten minutes.
    """
    going = _off_schedule(versions, now, 0)
    if len(versions) - len(going) > max_versions:
        going = _off_schedule(versions, now, _CROWDED_S)
    return going


def beyond_caps(
    versions: Sequence[Version], sizes: Mapping[str, int], max_bytes: int, max_versions: int
) -> set[Version]:
    """The oldest of `versions`, newest first, when all are too much; never the newest, nor one with a name or of a
    newer Writer.

    A tenth of the room becomes free, so that the next version does not exceed the caps again.

    sizes -- bytes of each content, which several versions may share
    """
    uses = Counter(version.content for version in versions)
    n_versions, n_bytes = len(versions), sum(sizes[content] for content in uses)
    going: set[Version] = set()
    if n_versions <= max_versions and n_bytes <= max_bytes:
        return going
    max_versions, max_bytes = max_versions - max_versions // 10, max_bytes - max_bytes // 10
    for version in reversed(versions[1:]):
        if n_versions <= max_versions and n_bytes <= max_bytes:
            break
        if version.name or version.is_from_newer:
            continue
        going.add(version)
        n_versions -= 1
        uses[version.content] -= 1
        if not uses[version.content]:
            n_bytes -= sizes[version.content]
    return going


def _off_schedule(versions: Sequence[Version], now: datetime, first_spacing_s: int) -> set[Version]:
    going = set()
    taken: set[tuple[int, int]] = set()
    for rank, version in enumerate(versions):
        age = now - version.time
        if version.name or version.is_from_newer or (version.reason in _KEPT_LONGER and age < _KEPT_LONGER_FOR):
            continue
        spacing = next(spacing for up_to, spacing in _SPACINGS if age <= up_to) or first_spacing_s
        if not spacing:
            continue
        offset = version.time.utcoffset() or timedelta()  # days end at the writer's midnight
        place = spacing, int(version.time.timestamp() + offset.total_seconds()) // spacing
        if place in taken and rank >= N_ALWAYS_KEPT:
            going.add(version)
        taken.add(place)
    return going
