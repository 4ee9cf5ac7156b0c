"""Write the licences of everything in a frozen folder into one file: collect.py FROZEN_FOLDER OUTPUT

Run by the Python of the environment that was frozen. The same folder gives the same file. It ends with 1 and says why
where the licence of anything is not known.
"""

import argparse
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

from components import ROOT, Component, LicenceError
from gather import gather_here

_RULE = "=" * 78
_QT = """\
Writer uses Qt and Qt for Python under the GNU Lesser General Public License, version 3. Copyright (C) The Qt Company
Ltd. and other contributors. The texts of that licence and of the GNU General Public License, which it builds upon, are
below.

Qt is here as it was published, unchanged, as shared libraries of their own in the folder {folder}. You may change them
and use your own in their place: build Qt {version}, or another version of Qt 6 that fits Qt for Python {version}, and
put your libraries over those of the same names. Writer loads whatever lies there. Nothing in Writer's own terms forbids
to take it apart for that purpose. On macOS, sign the changed program anew: codesign --force --deep --sign - Writer.app

The sources of exactly these versions: {source}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("frozen", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    try:
        components = gather_here(options.frozen)
    except (LicenceError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    options.output.write_text(render(components), encoding="utf-8", newline="\n")
    print(f"{options.output}: the licences of {len(components)} parts")
    return 0


def render(components: Iterable[Component]) -> str:
    """The whole file. A text that several components share is printed once."""
    components = list(components)
    users: dict[str, list[str]] = {}
    for component in components:
        for text in component.texts:
            users.setdefault(text, []).append(component.title)
    numbers = {text: number for number, text in enumerate(users, 1)}
    own = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()
    blocks = [
        _heading("Licences of Writer and of all that is packed with it"),
        f"Writer itself:\n\n{own}",
        _heading("Overview"),
        "\n".join(f"{_name(component)}: {component.licence}" for component in components),
    ]
    qt = next((component for component in components if component.purl.startswith("pkg:pypi/pyside6")), None)
    if qt:
        blocks += [_heading("Qt and the GNU Lesser General Public License"), _qt_statement(qt)]
    blocks += [_heading("Part by part"), *(_section(component, numbers) for component in components)]
    for text, number in numbers.items():
        blocks += [_heading(f"Text {number}: {', '.join(users[text])}"), text]
    return "\n\n".join(blocks) + "\n"


def _qt_statement(qt: Component) -> str:
    folders = {name.rpartition("/")[0] for name, _ in qt.files if "Qt6Core" in name or name.endswith("/QtCore")}
    folder = min(folders, default="_internal/PySide6")
    statement = _QT.format(version=qt.version, folder=folder, source=qt.source)
    return "\n\n".join(textwrap.fill(paragraph, 120, break_long_words=False) for paragraph in statement.split("\n\n"))


def _section(component: Component, numbers: dict[str, int]) -> str:
    lines = [_name(component), f"Licence: {component.licence}", f"Source: {component.source}"]
    if component.remark:
        lines.append(textwrap.fill(component.remark, 120))
    lines += [f"Files: {name}" for name, _ in component.files]
    if component.parts:
        lines.append("Built into it, by its own list:")
        lines += [f"    {part.name} {part.version}: {part.licence or 'not stated'}" for part in component.parts]
    if component.texts:
        lines.append("Texts: " + ", ".join(str(numbers[text]) for text in component.texts))
    return "\n".join(lines)


def _name(component: Component) -> str:
    return f"{component.title} {component.version}".strip()


def _heading(title: str) -> str:
    return f"{_RULE}\n{title}\n{_RULE}"


if __name__ == "__main__":
    sys.exit(main())
