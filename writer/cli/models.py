"""`writer models`: list, get, build, import, info, verify, remove."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from writer.models.manifest import check_id
from writer.models.shelf import ShelfItem, read_shelf, shelf_item
from writer.models.store import InstalledModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Manage the models on this machine."
    commands = parser.add_subparsers(dest="action", required=True, metavar="list|get|build|import|info|verify|remove")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    command("list", "Show installed models and those that can be got.")
    get = command("get", "Fetch and build a model of the catalogue; an interrupted download is resumed.")
    get.add_argument("id", metavar="ID")
    get.add_argument(
        "--precision", default="", metavar="P,…", help="forms to build, such as int8,int4; the first is used"
    )
    get.add_argument("--keep-source", action="store_true", help="keep the downloaded files, to build other forms later")
    build = command("build", "Build a model from a folder with safetensors or a GGUF file.")
    build.add_argument("source", type=Path, metavar="DIR|FILE.gguf")
    build.add_argument("--id", required=True, metavar="NAME", help="the name to install it under")
    build.add_argument("--precision", default="int8", help="int8 (default), int8-blocks, int4, fp32 or fp16")
    other = command("import", "Import a causal language model of any other kind, by way of ONNX.")
    other.add_argument(
        "source", metavar="DIR|REPO", help="a folder with an exported model or a checkpoint, or OWNER/NAME on the hub"
    )
    other.add_argument("--id", required=True, metavar="NAME", help="the name to install it under")
    command("info", "Describe an installed model.").add_argument("id", metavar="ID")
    command("verify", "Check every byte of an installed model.").add_argument("id", metavar="ID")
    command("remove", "Delete an installed model.").add_argument("id", metavar="ID")


def run(options: argparse.Namespace) -> int:
    actions = {"list": _list, "get": _get, "build": _build, "import": _import, "info": _info, "verify": _verify}
    actions |= {"remove": _remove}
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_catalog, open_store

    shelf = read_shelf(open_catalog(), open_store())
    here = [item for item in shelf if item.is_installed]
    absent = [item.entry for item in shelf if item not in here and item.entry]
    begun = [item for item in shelf if item.is_begun and item not in here and not item.entry]
    if options.json:
        rows: list[dict[str, Any]] = [{**_summary(item), "installed": True} for item in here]
        rows += [
            {"id": entry.id, "title": entry.title, "installed": False, "download_bytes": entry.download_bytes}
            for entry in absent
        ]
        rows += [
            {"id": item.id, "title": item.title, "installed": False, "fetched_bytes": item.begun_bytes}
            for item in begun
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for item in here:
        if item.problem or item.model is None:
            print(f"{item.id:<16} {'damaged':<32} {item.problem} {item.remedy}")
            continue
        precisions = ", ".join(item.model.manifest.precisions)
        print(f"{item.id:<16} {item.title:<32} {item.model.size_bytes / 1e6:>7,.0f} MB on disk  {precisions}")
    for entry in absent:
        print(f"{entry.id:<16} {entry.title:<32} {entry.download_bytes / 1e6:>7,.0f} MB to get  {entry.summary}")
    for item in begun:
        again = f"writer models import {item.repository} --id {item.id} goes on; " if item.repository else ""
        size = f"{item.begun_bytes / 1e6:>7,.0f} MB fetched"
        print(f"{item.id:<16} {item.title:<32} {size}  {again}writer models remove {item.id} deletes it")
    return 0


def _get(options: argparse.Namespace) -> int:
    from writer.cli.loading import check_precision, get_model
    from writer.models.precision import Precision

    names = [name.strip() for name in options.precision.split(",") if name.strip()]
    precisions = tuple(Precision(check_precision(name)) for name in names)
    try:
        model = get_model(options.id, precisions, keep_source=options.keep_source)
    except KeyboardInterrupt:
        print(f"\nPaused: writer models get {options.id} goes on from here.", file=sys.stderr)
        return 130
    return _report(model, options.json)


def _verify(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_store

    open_store().get(options.id).verify()
    print(json.dumps({"id": options.id, "verified": True}) if options.json else f"Every byte of {options.id} is right.")
    return 0


def _build(options: argparse.Namespace) -> int:
    from writer.cli.loading import check_precision, open_library
    from writer.cli.progress import show_progress
    from writer.models.precision import Precision

    check_id(options.id)
    precisions = (Precision(check_precision(options.precision)),)
    events = open_library().build(options.source, options.id, precisions)
    return _report(show_progress(events), options.json)


def _import(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_library
    from writer.cli.progress import show_progress

    check_id(options.id)
    library, path = open_library(), Path(options.source).expanduser()
    if path.exists():
        events = library.import_folder(path.absolute(), options.id)
    else:
        events = library.add_repository(options.source, options.id)
    return _report(show_progress(events), options.json)


def _info(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_store

    return _report(open_store().get(options.id), options.json)


def _remove(options: argparse.Namespace) -> int:
    """A model, or what has been fetched of one."""
    from writer.cli.loading import open_store
    from writer.models.install import discard_download
    from writer.models.sources import is_begun

    store = open_store()
    if not (store.has_own(options.id) or store.has_shipped(options.id)) and is_begun(store, options.id):
        discard_download(options.id, store)
    else:
        store.remove(options.id)
    print(json.dumps({"removed": options.id}) if options.json else f"Removed {options.id}.")
    return 0


def _report(model: InstalledModel, as_json: bool) -> int:
    manifest = model.manifest
    if as_json:
        print(json.dumps({**_summary(shelf_item(model)), "manifest": manifest.to_json()}, indent=2))
        return 0
    print(f"{model.id}: {manifest.title}")
    print(f"  network    {manifest.config.architecture}, reads {manifest.config.n_ctx} tokens at once")
    print(f"  licence    {manifest.licence or 'not stated'}")
    print(f"  source     {manifest.source or ', '.join(manifest.source_files)}")
    print(f"  on disk    {model.size_bytes / 1e6:.0f} MB")
    for name, record in manifest.precisions.items():
        chosen = "  (used)" if name == manifest.default_precision else ""
        size = sum(file.size_bytes for file in record.files.values())
        figures = [f"{size / 1e6:,.0f} MB on disk"]
        figures += [f"{record.memory_bytes / 1e6:,.0f} MB of memory"] if record.memory_bytes else []
        figures += [f"{record.decode_tps:.0f} tokens/s"] if record.decode_tps else []
        loss = f", {record.loss:+.1%} against {record.perplexity_fp32:.2f} in full precision"
        compared = loss if manifest.is_compared else ""
        print(f"  {name:<13}perplexity {record.perplexity:.2f}{compared}; {', '.join(figures)}{chosen}")
    if manifest.note:
        print(f"  note       {manifest.note}")
    return 0


def _summary(item: ShelfItem) -> dict[str, Any]:
    """`state` is "ready" or "damaged"; `problem` says what is wrong, and what to do."""
    precision = item.model.default_precision if item.model else None
    state = "damaged" if item.problem else "ready"
    row = {"id": item.id, "title": item.title, "default_precision": precision}
    return {**row, "state": state, "problem": f"{item.problem} {item.remedy}".strip() or None}
