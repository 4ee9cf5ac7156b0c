"""Files that go back and forth between Writers of different age."""

from collections.abc import Collection, Mapping
from typing import Any


def carried_over(
    raw: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], known: Collection[str]
) -> dict[str, Any]:
    """What is to be kept in the place of `raw`, which a newer Writer may have written: keys that this one does not
    know, and values that it cannot read, stay until the user changes that very value.

    before -- what this Writer read out of `raw`
    after -- what it is to be from now on; what is in neither of the two has its default in both
    known -- the keys that this Writer knows
    """
    unchanged = {name for name in known if (name in before) == (name in after) and before.get(name) == after.get(name)}
    return {**after, **{name: value for name, value in raw.items() if name not in known or name in unchanged}}
