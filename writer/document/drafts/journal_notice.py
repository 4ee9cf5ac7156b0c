"""What a writer is told of the journal."""

import errno
from collections.abc import Callable
from contextlib import suppress
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


class Notifier:
    """Passes on what is news: a status that changes, a kind of failure that was not told since."""

    def __init__(self, folder: Path, notify: Callable[[JournalNotice], None]) -> None:
        """folder -- where journals belong"""
        self._folder, self._notify = folder, notify
        self._status = JournalStatus.KEPT
        self._told: set[str] = set()
        self._refusal: OSError | None = None  # why `folder` is not in use

    def not_kept(self, error: BaseException) -> None:
        self._status = JournalStatus.NOT_KEPT
        kind = f"{type(error).__name__} {error.errno if isinstance(error, OSError) else ''}"
        if kind not in self._told:
            self._told.add(kind)
            self._tell(_not_kept(self._folder, error))

    def kept(self, folder: Path | None, refusal: OSError | None = None) -> None:
        """folder -- where the journal is; None when there is nothing to keep
        refusal -- why it is not in the first one
        """
        self._told.clear()
        self._refusal = refusal or self._refusal
        if folder is None and self._status is JournalStatus.KEPT_ELSEWHERE:
            return  # the next one may well go there again
        is_elsewhere = folder not in (None, self._folder)
        status = JournalStatus.KEPT_ELSEWHERE if is_elsewhere else JournalStatus.KEPT
        if status is self._status:
            return
        self._status = status
        if folder is not None and is_elsewhere and self._refusal is not None:
            self._tell(_kept_elsewhere(self._folder, self._refusal, folder))
        else:
            self._tell(JournalNotice(status))

    def _tell(self, notice: JournalNotice) -> None:
        with suppress(Exception):  # who is told may be gone already, and the journal goes on
            self._notify(notice)


def _not_kept(folder: Path, error: BaseException) -> JournalNotice:
    return JournalNotice(
        JournalStatus.NOT_KEPT,
        f"Unsaved text would be lost in a crash: {_reason(folder, error)}.",
        _hint(folder, error),
    )


def _kept_elsewhere(folder: Path, error: BaseException, other: Path) -> JournalNotice:
    return JournalNotice(
        JournalStatus.KEPT_ELSEWHERE,
        f"Unsaved text is kept in {other} for now: {_reason(folder, error)}.",
        f"It may not outlast a restart of the computer there. {_hint(folder, error)}",
    )


def _reason(folder: Path, error: BaseException) -> str:
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


def _hint(folder: Path, error: BaseException) -> str:
    if not isinstance(error, OSError):
        return "Save your text, and start Writer anew."
    if error.errno in _FULL:
        return "Free some space on that disk, and save your text meanwhile."
    return f"Check the folder {folder}, and save your text meanwhile."
