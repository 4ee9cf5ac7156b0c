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
        if isinstance(event, DownloadProgress):
            stage, done, total = event.note or "Downloading", event.done_bytes, event.total_bytes
            amount = _amount(event)
        else:
            stage, done, total = event.stage, event.done, event.total
            amount = f"{done}/{total}"
        if is_terminal:
            filled = _BAR_CHARS * done // max(1, total)
            if shown and stage != shown:
                print(file=sys.stderr)
            bar = "█" * filled + "·" * (_BAR_CHARS - filled)
            print(f"\r{stage:<38} {bar} {amount:<44}", end="", file=sys.stderr, flush=True)
        elif stage != shown:
            print(f"{stage} …", file=sys.stderr, flush=True)
        shown = stage
    if is_terminal and shown:
        print(file=sys.stderr)
    assert model is not None, "an installation ends with BuildFinished"
    return model


def _amount(progress: DownloadProgress) -> str:
    if not progress.total_bytes:
        return ""
    text = f"{progress.done_bytes / 1e6:,.0f} of {progress.total_bytes / 1e6:,.0f} MB"
    if progress.left_s is None or progress.note:
        return text
    minutes, seconds = divmod(round(progress.left_s), 60)
    return f"{text}, {progress.bytes_per_s / 1e6:.1f} MB/s, {minutes}:{seconds:02} left"
