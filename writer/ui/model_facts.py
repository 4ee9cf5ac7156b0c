"""What a model's card says of it in plain figures."""

from writer.models.catalog import CatalogEntry
from writer.models.disk import amount
from writer.models.manifest import Manifest
from writer.models.shelf import ShelfItem
from writer.ui.about_panel import parameters_text


def facts_text(item: ShelfItem) -> str:
    """A line for each; "" where nothing is known."""
    lines = []
    if item.model is not None:
        lines += _installed(item.model.manifest, is_shipped=item.is_shipped)
    elif item.entry is not None:
        lines += _offer(item.entry)
    if item.is_begun:
        lines.append(f"{amount(item.begun_bytes)} have arrived")
    return "\n".join(lines)


def size_bytes(manifest: Manifest) -> int:
    """Of all files that a model was built with."""
    groups = (manifest.shared_files, *(record.files for record in manifest.precisions.values()))
    return sum({name: file.size_bytes for files in groups for name, file in files.items()}.values())


def _offer(entry: CatalogEntry) -> list[str]:
    return [
        parameters_text(entry.parameters),
        f"Licence: {entry.licence}",
        f"{amount(entry.download_bytes)} to download",
        f"{amount(entry.disk_bytes)} on disk, {amount(entry.memory_bytes)} of memory",
    ]


def _installed(manifest: Manifest, *, is_shipped: bool) -> list[str]:
    size = [parameters_text(manifest.parameters)] if manifest.parameters else []
    origin = ["A part of Writer"] if is_shipped else []
    return [*size, f"Licence: {manifest.licence or 'not stated'}", *origin]
