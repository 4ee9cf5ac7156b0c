"""Write what Windows shows of writer.exe under Details, in the form that PyInstaller reads: version_file.py OUTPUT"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from project_version import numeric_version, project_version

_TEMPLATE = """\
VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0,
    date=(0, 0)),
  kids=[
    StringFileInfo([StringTable("040904B0", [
      StringStruct("CompanyName", "The Writer developers"),
      StringStruct("FileDescription", "Writer"),
      StringStruct("FileVersion", "{version}"),
      StringStruct("InternalName", "writer"),
      StringStruct("LegalCopyright", "Copyright (c) 2026 The Writer developers. MIT licence."),
      StringStruct("OriginalFilename", "writer.exe"),
      StringStruct("ProductName", "Writer"),
      StringStruct("ProductVersion", "{version}"),
    ])]),
    VarFileInfo([VarStruct("Translation", [0x0409, 0x04B0])]),
  ],
)
"""


def version_file(version: str) -> str:
    numbers = tuple(int(part) for part in numeric_version(version).split("."))
    return _TEMPLATE.format(numbers=numbers, version=version)


if __name__ == "__main__":
    output = Path(sys.argv[1])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(version_file(project_version()), encoding="utf-8")
