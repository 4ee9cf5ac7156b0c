"""Files that belong to a manuscript and stand beside it."""

import hashlib
import os
from pathlib import Path

_LONGEST_NAME_BYTES = 255


def companion(target: Path, prefix: str, suffix: str) -> Path:
    """The file beside `target` with its name between `prefix` and `suffix`.

    A name that would become longer than file systems take is cut, and told apart from others by a hash."""
    whole = f"{prefix}{target.name}{suffix}"
    if len(os.fsencode(whole)) <= _LONGEST_NAME_BYTES:
        return target.with_name(whole)
    name = os.fsencode(target.name)
    digest = hashlib.sha256(name).hexdigest()[:16]
    room = _LONGEST_NAME_BYTES - len(os.fsencode(f"{prefix}.{digest}{suffix}"))
    return target.with_name(f"{prefix}{name[:room].decode('utf-8', 'ignore')}.{digest}{suffix}")
