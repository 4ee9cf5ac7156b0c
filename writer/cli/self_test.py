"""`writer self-test`: whether this copy of Writer works on this machine, from the welcome page to a saved file."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from writer.cli.loading import open_store
from writer.cli.start import has_display, missing_library
from writer.errors import WriterError
from writer.models.catalog import STARTER
from writer.models.manifest import MANIFEST_NAME
from writer.models.store import InstalledModel
from writer.paths import UserPaths, user_paths

FILE_NAME = "self-test.txt"
_TITLE_WIDTH = 44


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check that Writer works here: open the window, type, let the model continue, save and close. Your texts, "
        "settings and models are left alone, and no network is used. It takes about a minute."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help=f"where {FILE_NAME} is to stay (default: nowhere)"
    )


def run(options: argparse.Namespace) -> int:
    model = _model()
    file = _file(options.folder) if options.folder else None
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from writer.ui.self_test import Reporter, make_ready, run_self_test
    except ImportError as error:
        raise missing_library(error) from error
    app = make_ready()
    # Windows keeps the model's files open until the process ends.
    with tempfile.TemporaryDirectory(prefix="writer-self-test-", ignore_cleanup_errors=True) as scratch:
        paths = user_paths({"WRITER_HOME": scratch})
        _lend(model, paths)
        went_well = run_self_test(app, paths, file or Path(scratch) / FILE_NAME, Reporter(_begun, _ended))
    return 0 if went_well else 1


def _model() -> InstalledModel:
    """The starter where it is: it is small, and the same everywhere. Else the one that a start would take."""
    store = open_store()
    model = store.preferred(STARTER)
    if model is None:
        raise WriterError("No model is installed.", f"Get one with `writer models get {STARTER}`.")
    return model


def _file(folder: Path) -> Path:
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise WriterError(f"There is no folder {folder}.", "Make it first.")
    file = folder / FILE_NAME
    if file.exists():
        raise WriterError(f"{file} is there already.", "Move it away, or name another folder.")
    return file


def _lend(model: InstalledModel, paths: UserPaths) -> None:
    """Let the window find a model of the user's: the form that a start loads, linked, or copied to another disk.
    A model that Writer ships with it finds by itself."""
    if not model.folder.is_relative_to(user_paths(os.environ).models):
        return
    manifest, folder = model.manifest, paths.models / model.id
    folder.mkdir(parents=True)
    names = [*manifest.shared_files, *manifest.precisions[manifest.default_precision].files]
    for name in names:
        try:
            os.link(model.folder / name, folder / name)
        except OSError:
            shutil.copyfile(model.folder / name, folder / name)
    shutil.copyfile(model.folder / MANIFEST_NAME, folder / MANIFEST_NAME)


def _begun(title: str) -> None:
    print(f"{title:<{_TITLE_WIDTH}}", end="", flush=True)  # a step that hangs is named, too


def _ended(seconds: float, problem: str) -> None:
    print(f"{'FAILED' if problem else 'ok':<8}{seconds:6.1f} s  {problem}".rstrip(), flush=True)
