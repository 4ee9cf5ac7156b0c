"""The licences of Writer and of what is shipped with it, as texts."""

from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "writer-desktop"
THIRD_PARTY_NAME = "THIRD-PARTY-LICENCES.txt"  # in a frozen build, of all that is packed with it


@dataclass(frozen=True)
class LicenceText:
    """key -- by which a link names it; title -- of the page that shows it"""

    key: str
    title: str
    text: str


def own_licence(resources: Path) -> str:
    """Writer's, wherever this copy has it; "" where it has it only among the third-party ones."""
    for folder in (resources, resources.parent):
        try:
            return (folder / "LICENSE").read_text(encoding="utf-8")
        except OSError:
            continue
    from importlib.metadata import PackageNotFoundError, distribution  # takes its time

    try:
        return distribution(DISTRIBUTION).read_text("licenses/LICENSE") or ""
    except (PackageNotFoundError, OSError):
        return ""


def licence_texts(resources: Path) -> dict[str, LicenceText]:
    """Those that are here, by their keys."""
    files = (
        ("source-serif", "Licence of Source Serif Pro", "fonts/source-serif/LICENSE.txt"),
        ("inter", "Licence of Inter", "fonts/inter/LICENSE.txt"),
        ("vocabulary", "Licence of GPT-2’s vocabulary", "gpt2-tokenizer/LICENSE"),
        ("third-party", "Licences of all that is packed with Writer", THIRD_PARTY_NAME),
    )
    found = {}
    if own := own_licence(resources):
        found["writer"] = LicenceText("writer", "Licence of Writer", own)
    for key, title, name in files:
        try:
            found[key] = LicenceText(key, title, (resources / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return found
