"""Files of a repository on the Hugging Face hub, at one revision.

huggingface_hub finds what lies in the user's cache; the bytes are fetched by our own hand, because that library begins
anew after a kill, checks sizes but no hashes, and waits as long as a server likes (see `transfer` and `requests`).
"""

import contextlib
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

import httpx2
from filelock import FileLock, Timeout

from writer.errors import WriterError
from writer.models.catalog import HubFile, HubSource
from writer.models.disk import require_free
from writer.models.download import facts
from writer.models.download.background import BackgroundTask
from writer.models.download.progress import DownloadProgress
from writer.models.download.requests import Limits, new_client
from writer.models.download.transfer import Meter, PartFile, RemoteFile, fetch

_POLL_S = 0.1
_TRUE = frozenset({"1", "true", "yes", "on"})
_SPARE_BYTES = 50_000_000
_TOKEN = re.compile(r"[\x21-\x7e]*")
_LEFT_BEHIND = (".copy", ".part.json.new")  # by a kill in the middle; of no use to the next run


@dataclass(frozen=True)
class HubSettings:
    """How the hub is reached: read from the environment by a front end and passed down.

    cache -- the user's Hugging Face cache, searched before anything is fetched"""

    endpoint: str = "https://huggingface.co"
    token: str = field(default="", repr=False)
    is_offline: bool = False
    cache: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The variables that huggingface_hub reads. Raises WriterError for an endpoint or a token that is none."""
        endpoint = (environ.get("HF_ENDPOINT") or cls.endpoint).rstrip("/")
        if not _is_address(endpoint):
            raise WriterError(f"HF_ENDPOINT is {endpoint!r}, which is no address.", "Begin it with https://.")
        general = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        home = Path(environ.get("HF_HOME") or general / "huggingface").expanduser()
        token = environ.get("HF_TOKEN", "").strip()
        if not _TOKEN.fullmatch(token):
            raise WriterError("HF_TOKEN holds characters that no token has.", "Copy it again, or unset it.")
        if not token:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                token = Path(environ.get("HF_TOKEN_PATH") or home / "token").read_text(encoding="ascii").strip()
                token = token if _TOKEN.fullmatch(token) else ""
        return cls(
            endpoint,
            token,
            is_offline=environ.get("HF_HUB_OFFLINE", "").lower() in _TRUE,
            cache=Path(environ.get("HF_HUB_CACHE") or home / "hub").expanduser(),
        )


def _is_address(endpoint: str) -> bool:
    try:
        url = httpx2.URL(endpoint)
        return url.scheme in ("https", "http") and bool(url.host)
    except (httpx2.InvalidURL, ValueError):
        return False


def fetch_hub(source: HubSource, folder: Path, settings: HubSettings) -> Iterator[DownloadProgress]:
    """Bring the files of `source` into `folder`, each under its own name once its hash has been seen to be right.

    Yields at least ten times a second; closing it keeps what has arrived, for the next run to go on from. Raises
    WriterError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            yield from _locked(folder / ".lock", stack)
            yield from _fetch_all(source, folder, settings)
    except OSError as error:
        raise WriterError(
            f"The download could not be stored in {folder} ({error.strerror or error}).",
            "Make room or make the folder writable, or set WRITER_HOME to another one.",
        ) from error


def _locked(path: Path, stack: contextlib.ExitStack) -> Iterator[DownloadProgress]:
    lock = FileLock(path)
    while True:
        try:
            stack.enter_context(lock.acquire(timeout=_POLL_S))
            return
        except NotImplementedError:
            return  # a file system without locks: two at once may disturb each other, but the hashes find it out
        except Timeout:
            yield DownloadProgress(0, 0, note="Another Writer is fetching this model")


def _fetch_all(source: HubSource, folder: Path, settings: HubSettings) -> Iterator[DownloadProgress]:
    targets = {file: folder / PurePosixPath(file.name).name for file in source.files}
    for target in targets.values():
        for suffix in _LEFT_BEHIND:
            target.with_name(target.name + suffix).unlink(missing_ok=True)
    verified: dict[HubFile, RemoteFile] = {}
    for file, target in targets.items():
        remote = yield from _already_here(source, file, target, settings)
        if remote:
            verified[file] = remote
    remotes = dict(verified)
    yield from _ask_all(source, [file for file in source.files if file not in verified], remotes, settings)
    total, done = (sum(remote.size_bytes for remote in some.values()) for some in (remotes, verified))
    for file in [file for file in source.files if file not in verified]:
        if (yield from _is_right(targets[file], remotes[file], done, total)):
            verified[file] = remotes[file]
            done += remotes[file].size_bytes
    facts.record(source, verified, folder)
    missing = [file for file in source.files if file not in verified]
    if missing and settings.is_offline:
        raise _offline()
    parts = [targets[file].with_name(targets[file].name + ".part") for file in missing]
    here = sum(part.stat().st_size for part in parts if part.exists())
    require_free(sum(remotes[file].size_bytes for file in missing) - here + _SPARE_BYTES, folder, "The download")
    for file in missing:
        yield from _fetch_one(remotes[file], targets[file], settings, done, total)
        done += remotes[file].size_bytes
        verified[file] = remotes[file]
        facts.record(source, verified, folder)
    yield DownloadProgress(total, total)


def _already_here(
    source: HubSource, file: HubFile, target: Path, settings: HubSettings
) -> Generator[DownloadProgress, None, RemoteFile | None]:
    """What the file has to be, if it is here and that is known, or if the user's cache has it. No line is needed."""
    known = facts.pinned(settings.endpoint, source, file)
    if known and (yield from _is_right(target, known, 0, 0)):
        return known
    known = facts.recorded(settings.endpoint, source, file, target.parent)
    # If it is not what was written down, either may be damaged: the hub will say which.
    if known and (yield from _is_right(target, known, 0, 0, delete=False)):
        return known
    found = _in_cache(source, file, settings)
    if found is None:
        return None
    cached, known = found
    if (yield from _is_right(target, known, 0, 0, delete=False)) or (
        yield from _take_from_cache(cached, known, target)
    ):
        return known
    return None


def _offline() -> WriterError:
    return WriterError(
        "HF_HUB_OFFLINE is set, so nothing is fetched.", "Unset it, or put the model into the Hugging Face cache."
    )


def _in_cache(source: HubSource, file: HubFile, settings: HubSettings) -> tuple[Path, RemoteFile] | None:
    """The file in the user's Hugging Face cache, and what it has to be: the cache names content by its hash."""
    if settings.cache is None or not settings.cache.is_dir():
        return None
    from huggingface_hub import try_to_load_from_cache  # takes its time

    try:
        found = try_to_load_from_cache(source.repository, file.name, settings.cache, source.revision)
    except ValueError:  # a name that the library does not take, and so has never fetched
        return None
    if not isinstance(found, str):
        return None
    content = Path(found).resolve()
    if not content.is_file():
        return None
    with contextlib.suppress(WriterError):  # what the cache says is not enough, or not what the catalogue says
        return content, facts.claimed(settings.endpoint, source, file, content.stat().st_size, content.name)
    return None


def _ask_all(
    source: HubSource, files: list[HubFile], remotes: dict[HubFile, RemoteFile], settings: HubSettings
) -> Iterator[DownloadProgress]:
    for file in files:
        if known := facts.pinned(settings.endpoint, source, file):
            remotes[file] = known
    unknown = [file for file in files if file not in remotes]
    if not unknown:  # no line needed
        return
    if settings.is_offline:
        raise _offline()

    async def work() -> None:
        async with new_client() as client:
            for file in unknown:
                remotes[file] = await facts.ask(
                    client, settings.endpoint, source, file, settings.token, settings.limits
                )

    yield from _watched(BackgroundTask(work()), lambda: DownloadProgress(0, 0, note="Asking the hub"))


def _watched(task: BackgroundTask, report: Callable[[], DownloadProgress]) -> Iterator[DownloadProgress]:
    try:
        while not task.wait(_POLL_S):
            yield report()
    finally:
        task.cancel()


def _is_right(
    path: Path, remote: RemoteFile, done: int, total: int, *, delete: bool = True
) -> Generator[DownloadProgress, None, bool]:
    """Whether the file is here already, and what it has to be. A wrong one is deleted, unless it is not to be."""
    if not path.is_file():
        return False
    check = facts.matches(path, remote)
    while True:
        try:
            next(check)
        except StopIteration as end:
            is_right = bool(end.value)
            break
        yield DownloadProgress(done, total, note=f"Checking {path.name.removesuffix('.part')}")
    if not is_right and delete:
        path.unlink()
    return is_right


def _take_from_cache(cached: Path, remote: RemoteFile, target: Path) -> Generator[DownloadProgress, None, bool]:
    """Copy a file out of the Hugging Face cache, if it is what it has to be: never a link, which others may change."""
    part = target.with_name(target.name + ".copy")
    require_free(remote.size_bytes + _SPARE_BYTES, target.parent, "The download")
    try:
        with cached.open("rb") as file, part.open("wb") as copy:
            while piece := file.read(1 << 24):
                copy.write(piece)
                yield DownloadProgress(0, 0, note=f"Taking {target.name} from the Hugging Face cache")
        if not (yield from _is_right(part, remote, 0, 0)):
            return False
        part.replace(target)
        return True
    finally:
        part.unlink(missing_ok=True)


def _fetch_one(
    remote: RemoteFile, target: Path, settings: HubSettings, done: int, total: int
) -> Iterator[DownloadProgress]:
    for is_last in (False, True):
        part = PartFile(target, remote)
        reused = part.n_bytes
        try:
            meter = Meter(part.n_bytes)

            async def work(part: PartFile = part, meter: Meter = meter) -> None:
                async with new_client() as client:
                    await fetch(client, remote, part, settings.token, settings.limits, meter)

            def report(meter: Meter = meter, reused: int = reused) -> DownloadProgress:
                rate = meter.bytes_per_s()
                return DownloadProgress(done + meter.done_bytes, total, reused, rate, meter.note)

            yield from _watched(BackgroundTask(work()), report)
        finally:
            part.close()
        if (yield from _is_right(part.path, remote, done + remote.size_bytes, total)):
            part.publish(target)
            return
        part.delete()
        if is_last:
            raise WriterError(
                f"{target.name} is not the file it should be (its SHA-256 is wrong), twice in a row.",
                "Nothing was kept of it. Try again later, or from another network.",
            )
