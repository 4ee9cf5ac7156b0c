"""Getting, building and importing models in a process of its own: what crashes, hangs or eats memory there ends
there, and the window's own process stays free for typing.

Requests go to the child as they are. What comes back is JSON, never pickled objects: files of unknown origin are read
over there, and a process they have taken over must not be able to make objects here.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from writer.engine.untrusted_file import shown
from writer.errors import UsageError, WriterError
from writer.models.build import BuildEvent, BuildFinished, BuildProgress, BuildRequest, build_model
from writer.models.catalog import CatalogEntry
from writer.models.download import DownloadProgress
from writer.models.export import ExportFinished, check_export, export_onnx
from writer.models.imported import ImportRequest, find_graph, import_model
from writer.models.store import ModelStore

if TYPE_CHECKING:
    from writer.models.download import HubSettings
    from writer.models.install import InstallRequest

_POLL_S = 0.2
_PATIENCE_S = 1.0  # for a child that was asked to end
_NICENESS = 5  # typing comes first
_MESSAGE_BYTES = 1 << 16
_EXPORT_SILENCE_S = 3600.0  # the exporter says nothing while it works
_CPU_S_PER_GB = 7200  # of an imported model: reading the gate's text takes a fraction of it
_PROGRESS: Mapping[str, type[BuildProgress] | type[DownloadProgress]] = {
    "build": BuildProgress,
    "download": DownloadProgress,
}

Event = DownloadProgress | BuildEvent
Message = Event | ExportFinished
Job = Callable[[], Iterator[Message]]


@dataclass(frozen=True)
class ChildLimits:
    """memory_bytes -- of address space; None for no limit
    silence_s -- the longest time between two steps
    cpu_s -- of all threads together; None for no limit"""

    memory_bytes: int | None = None
    silence_s: float = 900.0
    cpu_s: int | None = None

    @classmethod
    def for_source(cls, source: Path) -> "ChildLimits":
        """Room for the weights in full precision and what is made of them, and for the libraries around them: a small
        file that claims to be a huge model gets little."""
        return cls.for_bytes(_size_bytes(source))

    @classmethod
    def for_entry(cls, entry: CatalogEntry) -> "ChildLimits":
        """The same for a source that is yet to arrive; it may not be larger than the catalogue says."""
        return cls.for_bytes(entry.download_bytes)

    @classmethod
    def for_bytes(cls, n_bytes: int) -> "ChildLimits":
        return cls(memory_bytes=16 * n_bytes + (6 << 30))

    @classmethod
    def for_graph(cls, source: Path) -> "ChildLimits":
        """As for any source, and no endless loops: a stranger's graph is a program."""
        cpu_s = 600 + int(_CPU_S_PER_GB * _size_bytes(source) / 1e9)
        return replace(cls.for_source(source), cpu_s=cpu_s)


def _size_bytes(source: Path) -> int:
    files = source.rglob("*") if source.is_dir() else [source, *source.parent.glob(f"{source.name}[._]*")]
    return sum(path.stat().st_size for path in files if path.is_file())


def install_in_child(request: "InstallRequest", store: ModelStore, hub: "HubSettings") -> Iterator[Event]:
    """`install`, elsewhere: closed early, it keeps what has arrived."""
    return _run(_install, (request, store, hub), store, ChildLimits.for_entry(request.entry))


def build_in_child(request: BuildRequest, store: ModelStore) -> Iterator[Event]:
    """`build_model`, elsewhere, with memory in proportion to its source.

    Yields at least five times a second, so that closing it works within a second; so do the others."""
    return _run(_build, (request, store), store, ChildLimits.for_source(request.source))


def import_in_child(request: ImportRequest, store: ModelStore) -> Iterator[Event]:
    """`import_model`, elsewhere; a checkpoint is exported first, in a process of its own that is given more room."""
    if find_graph(request.source) is not None:
        yield from _run(_import, (request, store), store, ChildLimits.for_graph(request.source))
        return
    check_export(request.source)
    with store.scratch() as scratch:
        target = scratch / "exported"
        limits = replace(ChildLimits.for_source(request.source), silence_s=_EXPORT_SILENCE_S)
        yield from _run(_export, (request.source, target), store, limits)
        exported = replace(request, source=target, described_by=request.source)
        yield from _run(_import, (exported, store), store, ChildLimits.for_graph(target))


def _install(request: "InstallRequest", store: ModelStore, hub: "HubSettings") -> Iterator[Event]:
    from writer.models.install import install  # with the network's library

    return install(request, store, hub)


def _build(request: BuildRequest, store: ModelStore) -> Iterator[Event]:
    return build_model(request, store)


def _export(source: Path, target: Path) -> Iterator[Message]:
    _silence()
    return export_onnx(source, target)


def _import(request: ImportRequest, store: ModelStore) -> Iterator[Event]:
    _silence()
    return import_model(request, store)


# -- this side -----------------------------------------------------------------------------------------------------


def _run(
    job: Callable[..., Iterator[Message]], arguments: tuple[Any, ...], store: ModelStore, limits: ChildLimits
) -> Iterator[Event]:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sending, job, arguments, limits), name="writer-models", daemon=True)
    process.start()
    sending.close()
    try:
        event: Event | None = None
        heard_s = time.monotonic()
        while True:
            try:
                if not receiving.poll(_POLL_S):
                    if time.monotonic() - heard_s > limits.silence_s:
                        raise _died("it does not get on")
                    if event is not None:
                        yield event
                    continue
                message = _decoded(receiving.recv_bytes(_MESSAGE_BYTES), store)
            except (EOFError, OSError, ValueError, KeyError, TypeError) as error:
                process.join(_PATIENCE_S)
                raise _died(_cause(process.exitcode)) from error
            if isinstance(message, ExportFinished):
                return
            heard_s, event = time.monotonic(), message
            yield event
            if isinstance(event, BuildFinished):
                return
    finally:
        _end(process)
        receiving.close()


def _decoded(message: bytes, store: ModelStore) -> Message:
    """Raises WriterError for a failure over there, ValueError and its kin for what no child of ours says."""
    kind, values = json.loads(message)
    if kind == "error":
        error = UsageError if values["usage"] else WriterError
        raise error(str(values["message"]), str(values["hint"]))
    if kind == "finished":
        return BuildFinished(store.get(values["id"]))
    if kind == "exported":
        return ExportFinished()
    event = _PROGRESS[kind](**values)
    if any(type(value) not in (int, float, str) for value in values.values()):
        raise TypeError("an event of other things than figures and text")
    return event


def _end(process: multiprocessing.process.BaseProcess) -> None:
    if process.is_alive():
        process.terminate()  # it tidies up
        process.join(_PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _cause(exit_code: int | None) -> str:
    if exit_code == _NO_MEMORY:
        return "it takes more memory than its size accounts for"
    if exit_code and sys.platform != "win32":
        if exit_code == -signal.SIGXCPU:
            return "it takes more computing than its size accounts for"
        if exit_code == -signal.SIGALRM:
            return "its tokenizer takes far too long for a text"
    return "its file is probably damaged" if exit_code and exit_code < 0 else "it ended without a word"


def _died(why: str) -> WriterError:
    return WriterError(
        f"The model could not be prepared ({why}).", "Get its files again, or choose another model; your text is safe."
    )


# -- the other side ------------------------------------------------------------------------------------------------

_NO_MEMORY = 86


def _work(
    sending: Connection, job: Callable[..., Iterator[Event]], arguments: tuple[Any, ...], limits: ChildLimits
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which then ends this one
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    threading.Thread(target=_end_with_the_parent, name="orphan", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    _limit_memory(limits.memory_bytes)
    _limit_cpu(limits.cpu_s)
    try:
        for event in job(*arguments):
            _send(sending, event)
    except WriterError as error:
        _send_failure(sending, error)
    except MemoryError:
        os._exit(_NO_MEMORY)
    except BrokenPipeError:
        pass  # nobody is waiting any more
    except Exception as error:  # noqa: BLE001 - said over there, where a traceback would help nobody
        what = f"{type(error).__name__}: {shown(error, 200)}" if str(error) else type(error).__name__
        _send_failure(sending, _died(what))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # all is tidied up: nothing more is said of it


def _end_with_the_parent() -> None:
    """A parent that was killed ends nothing itself, and its model's lock is wanted by whoever tries again."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    signal.raise_signal(signal.SIGTERM)
    time.sleep(_PATIENCE_S)
    os._exit(1)


def _send_failure(sending: Connection, error: WriterError) -> None:
    values = {"message": error.message, "hint": error.hint, "usage": isinstance(error, UsageError)}
    with contextlib.suppress(OSError):
        sending.send_bytes(json.dumps(["error", values]).encode())


def _send(sending: Connection, event: Message) -> None:
    if isinstance(event, BuildFinished):
        message: list[object] = ["finished", {"id": event.model.id}]
    elif isinstance(event, ExportFinished):
        message = ["exported", {}]
    else:
        message = ["build" if isinstance(event, BuildProgress) else "download", asdict(event)]
    sending.send_bytes(json.dumps(message).encode())


def _limit_memory(n_bytes: int | None) -> None:
    if n_bytes is None or sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = n_bytes if hard == resource.RLIM_INFINITY else min(n_bytes, hard)
    with contextlib.suppress(ValueError, OSError):  # some systems know the limit and refuse to set it
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _limit_cpu(limit_s: int | None) -> None:
    if limit_s is None or sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = limit_s if hard == resource.RLIM_INFINITY else min(limit_s, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _silence() -> None:
    """What libraries print about a stranger's file (the exporter's warnings, a panic's traceback) helps nobody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
