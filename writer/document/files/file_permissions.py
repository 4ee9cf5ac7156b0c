"""Who may read and write a file that takes the place of another: the same people as before, as far as we may say so."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from writer.document.files.file_ops import FileOps
from writer.document.files.staged_file import StagedFile

_ACCESS_LIST = "system.posix_acl_access"
_OTHERS_ONLY = 0o707


def keep_permissions(target: Path, info: os.stat_result, staged: StagedFile, ops: FileOps) -> tuple[str, ...]:
    """Give a staged file, before it is finished, the owner, mode, access list and attributes of the target.

    info -- the target's stat
    Returns what could not be kept, in words that follow a file's name. Raises OSError when the mode cannot be set.
    """
    lost = []
    mine = ops.stat(staged.path)
    mode = stat.S_IMODE(info.st_mode)
    if mine.st_uid != info.st_uid:
        try:
            ops.set_owner(staged.descriptor, info.st_uid, -1)
        except OSError:
            lost.append("belongs to you now")
            mode &= 0o777  # not with another user's rights
    if mine.st_gid != info.st_gid:
        try:
            ops.set_owner(staged.descriptor, -1, info.st_gid)
        except OSError:
            lost.append("belongs to another group now")
            mode &= _OTHERS_ONLY  # what its group might do is not for this one
    ops.set_mode(staged.descriptor, mode)
    if not _keep_attributes(target, staged, ops):
        lost.append("lost its access list or other attributes")
    return tuple(lost)


def _keep_attributes(target: Path, staged: StagedFile, ops: FileOps) -> bool:
    """Whether all were kept that say who may do what, or that users set."""
    try:
        wanted = ops.attributes(target)
        present = ops.attributes(staged.path)
    except OSError:
        return True  # a disk that knows none
    if _ACCESS_LIST in present and _ACCESS_LIST not in wanted:  # from the folder's default
        with suppress(OSError):
            ops.remove_attribute(staged.descriptor, _ACCESS_LIST)
    kept = True
    for name, value in wanted.items():
        if present.get(name) != value:
            try:
                ops.set_attribute(staged.descriptor, name, value)
            except OSError:
                kept = kept and not name.startswith(("user.", _ACCESS_LIST))
    return kept
