"""What a writer is told of the journal."""

import errno
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class JournalStatus(StrEnum):
    """Where the edits since the last save are."""

    KEPT = "kept"
    KEPT_ELSEWHERE = "kept elsewhere"  # in the folder given for that
    NOT_KEPT = "not kept"  # in memory only


@dataclass(frozen=True)
class JournalNotice:
    """The status has changed, or there is a further reason for it. KEPT has no message."""

    status: JournalStatus
    message: str = ""
    hint: str = ""


def not_kept(folder: Path, error: BaseException) -> JournalNotice:
    return JournalNotice(
        JournalStatus.NOT_KEPT,
        f"Unsaved text would be lost in a crash: {reason(folder, error)}.",
        _hint(folder, error),
    )


def kept_elsewhere(folder: Path, error: BaseException, other: Path) -> JournalNotice:
    return JournalNotice(
        JournalStatus.KEPT_ELSEWHERE,
        f"Unsaved text is kept in {other} for now: {reason(folder, error)}.",
        _hint(folder, error),
    )


def reason(folder: Path, error: BaseException) -> str:
    """Why nothing could be written in `folder`, as a clause."""
    if not isinstance(error, OSError):
        return f"Writer made a mistake ({str(error) or type(error).__name__})"
    if error.errno in _FULL:
        return f"there is no space left for {folder}"
    if error.errno in _REFUSED:
        return f"Writer may not write in {folder}"
    if error.errno == errno.ELOOP:
        return f"{folder} is a link"
    return f"{folder} cannot be written ({error.strerror or error})"


def kind(error: BaseException) -> str:
    """Equal for failures that need not be told twice."""
    return f"{type(error).__name__} {error.errno}" if isinstance(error, OSError) else type(error).__name__


def _hint(folder: Path, error: BaseException) -> str:
    if not isinstance(error, OSError):
        return "Save your text, and start Writer anew."
    if error.errno in _FULL:
        return "Free some space on that disk, and save your text meanwhile."
    return f"Check the folder {folder}, and save your text meanwhile."
