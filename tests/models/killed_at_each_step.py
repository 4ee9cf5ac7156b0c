"""Put a model in its place, and be killed before each of the file operations in turn.

    python -m tests.models.killed_at_each_step FOLDER update|new exchange|renames

Prints what is there afterwards, for each step, as a line of JSON. A process of its own, because it forks.
"""

import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from writer.engine.config import ModelConfig
from writer.errors import WriterError
from writer.models import staging
from writer.models.manifest import Manifest, PrecisionRecord, file_record, write_manifest
from writer.models.precision import Precision
from writer.models.store import ModelStore

KILLED = 9


def write_model(folder: Path, model_id: str, title: str) -> None:
    """A model as far as the store is concerned: no graph, but files and a manifest that fit."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ("int8.onnx", "int8.onnx.data")
    for name in (*names, "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(f"{name} of {title}")
    config = ModelConfig("gpt2", 50257, 1024, 64, 2, 4, 4, 16, 256, 1e-5, (50256,))
    record = PrecisionRecord({name: file_record(folder / name) for name in names}, 30.0, 29.0, 3072, 1.0)
    shared = {"tokenizer.json": file_record(folder / "tokenizer.json")}
    manifest = Manifest(model_id, title, config, "gguf", {}, "", Precision.INT8, {"int8": record}, shared_files=shared)
    write_manifest(folder, manifest)


def _counted(real: Callable[..., Any], calls: list[None], kill_at: int) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        if len(calls) == kill_at:
            os._exit(KILLED)
        return real(*arguments, **options)

    return call


def _put_in_place(models_dir: Path, kill_at: int) -> None:
    calls: list[None] = []
    with ModelStore(models_dir).staging("tiny") as folder:
        write_model(folder, "tiny", "new")
        for name in ("replace", "rename", "fsync", "unlink", "rmdir"):  # all that follows, the deletion included
            setattr(os, name, _counted(getattr(os, name), calls, kill_at))
        staging.exchange = _counted(staging.exchange, calls, kill_at)


def _what_is_there(models_dir: Path) -> dict[str, Any]:
    store = ModelStore(models_dir)
    try:
        model = store.get("tiny")
        model.verify()
        title = model.title
    except WriterError:
        title = ""
    with store.lock("tiny"), store.holding("tiny").scratch():
        pass
    left = [path.name for path in models_dir.iterdir() if path.name not in ("tiny", ".locks")]
    return {"title": title, "left": left, "later": [model.title for model in store.list()]}


def main(folder: Path, is_update: bool, can_exchange: bool) -> None:
    if not can_exchange:
        staging.exchange = lambda *_: False
    for step in itertools.count(1):
        models_dir = folder / f"models-{step}"
        if is_update:
            write_model(models_dir / "tiny", "tiny", "old")
        pid = os.fork()
        if pid == 0:
            _put_in_place(models_dir, step)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"step": step, "code": code, **_what_is_there(models_dir)}), flush=True)
        shutil.rmtree(models_dir)
        if code != KILLED:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "update", sys.argv[3] == "exchange")
