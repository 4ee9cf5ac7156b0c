"""A progress bar on stderr; plain lines where stderr is no terminal."""

import sys
from collections.abc import Iterator

from writer.models.build import BuildEvent, BuildFinished
from writer.models.download import DownloadProgress
from writer.models.store import InstalledModel

_BAR_CHARS = 30


def show_progress(events: Iterator[DownloadProgress | BuildEvent]) -> InstalledModel:
    """Show every event of an installation, to its end; returns the installed model."""
    is_terminal = sys.stderr.isatty()
    shown = ""
    model: InstalledModel | None = None
    for event in events:
        if isinstance(event, BuildFinished):
            model = event.model
            continue
        step = event.step
        if is_terminal:
            filled = _BAR_CHARS * step.done // max(1, step.total)
            if shown and step.stage != shown:
                print(file=sys.stderr)
            bar = "█" * filled + "·" * (_BAR_CHARS - filled)
            print(f"\r{step.stage:<38} {bar} {step.percent:>4} {step.figures:<44}", end="", file=sys.stderr, flush=True)
        elif step.stage != shown:
            print(f"{step.stage} …", file=sys.stderr, flush=True)
        shown = step.stage
    if is_terminal and shown:
        print(file=sys.stderr)
    assert model is not None, "an installation ends with BuildFinished"
    return model
