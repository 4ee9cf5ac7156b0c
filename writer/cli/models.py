"""`writer models`: list, get, build, info, remove."""

import argparse
import json
from pathlib import Path
from typing import Any

from writer.errors import WriterError
from writer.models.store import InstalledModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Manage the models on this machine."
    commands = parser.add_subparsers(dest="action", required=True, metavar="list|get|build|info|remove")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print JSON")
        return sub

    command("list", "Show installed models and those that can be got.")
    command("get", "Fetch and build a model of the catalogue.").add_argument("id", metavar="ID")
    build = command("build", "Build a model from a folder with safetensors or a GGUF file.")
    build.add_argument("source", type=Path, metavar="DIR|FILE.gguf")
    build.add_argument("--id", required=True, metavar="NAME", help="the name to install it under")
    build.add_argument("--precision", default="int8", help="int8 (default), int8-blocks, int4 or fp32")
    command("info", "Describe an installed model.").add_argument("id", metavar="ID")
    command("remove", "Delete an installed model.").add_argument("id", metavar="ID")


def run(options: argparse.Namespace) -> int:
    actions = {"list": _list, "get": _get, "build": _build, "info": _info, "remove": _remove}
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_store
    from writer.models.catalog import load_catalog
    from writer.paths import resources_dir

    installed = {model.id: model for model in open_store().list()}
    entries = load_catalog(resources_dir() / "models.toml")
    if options.json:
        rows: list[dict[str, Any]] = [{**_summary(model), "installed": True} for model in installed.values()]
        rows += [
            {"id": entry.id, "title": entry.title, "installed": False}
            for entry in entries.values()
            if entry.id not in installed
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for model in installed.values():
        precisions = ", ".join(model.manifest.precisions)
        print(f"{model.id:<20} {model.manifest.title:<28} {model.size_bytes / 1e6:>7.0f} MB  {precisions}")
    for entry in entries.values():
        if entry.id not in installed:
            print(f"{entry.id:<20} {entry.title:<28} not installed: writer models get {entry.id}")
    return 0


def _get(options: argparse.Namespace) -> int:
    from writer.cli.loading import get_model

    return _report(get_model(options.id), options.json)


def _build(options: argparse.Namespace) -> int:
    from writer.cli.loading import check_precision, gate_text, open_store
    from writer.cli.progress import show_progress
    from writer.engine.tokenizer import TokenizerSpec
    from writer.models.build import BuildRequest, build_model
    from writer.models.precision import Precision
    from writer.models.store import check_id
    from writer.paths import resources_dir

    check_id(options.id)
    precision = Precision(check_precision(options.precision))
    files = resources_dir() / "gpt2-tokenizer"
    gpt2_tokenizer = TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt")
    request = BuildRequest(options.source, options.id, (precision,), gate_text(), tokenizer=gpt2_tokenizer)
    return _report(show_progress(build_model(request, open_store())), options.json)


def _info(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_store

    return _report(open_store().get(options.id), options.json)


def _remove(options: argparse.Namespace) -> int:
    from writer.cli.loading import open_store

    open_store().remove(options.id)
    print(json.dumps({"removed": options.id}) if options.json else f"Removed {options.id}.")
    return 0


def _report(model: InstalledModel, as_json: bool) -> int:
    manifest = model.manifest
    if as_json:
        print(json.dumps({**_summary(model), "manifest": manifest.to_json()}, indent=2))
        return 0
    print(f"{model.id}: {manifest.title}")
    print(f"  network    {manifest.config.architecture}, reads {manifest.config.n_ctx} tokens at once")
    print(f"  licence    {manifest.licence or 'not stated'}")
    print(f"  source     {', '.join(manifest.source_files)}")
    print(f"  on disk    {model.size_bytes / 1e6:.0f} MB")
    for name, record in manifest.precisions.items():
        chosen = "  (used)" if name == manifest.default_precision else ""
        print(
            f"  {name:<11}perplexity {record.perplexity:.2f}, {record.loss:+.1%} against "
            f"{record.perplexity_fp32:.2f} in full precision{chosen}"
        )
    if manifest.note:
        print(f"  note       {manifest.note}")
    return 0


def _summary(model: InstalledModel) -> dict[str, Any]:
    try:
        model.graph()
        state = "ready"
    except WriterError as error:
        state = str(error)
    precision = model.manifest.default_precision
    return {"id": model.id, "title": model.manifest.title, "default_precision": precision, "state": state}
