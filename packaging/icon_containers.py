"""Put the program's icon into the forms of Windows and macOS: icon_containers.py PNG_FOLDER OUTPUT.ico OUTPUT.icns

Both hold the PNG files as they are, each under its size.
"""

import struct
import sys
from pathlib import Path

_PNG = b"\x89PNG\r\n\x1a\n"
_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
# The names of macOS by width in pixels. A doubled density has names of its own for the same pixels.
_ICNS_TYPES = {
    16: (b"icp4",),
    32: (b"icp5", b"ic11"),
    64: (b"icp6", b"ic12"),
    128: (b"ic07",),
    256: (b"ic08", b"ic13"),
    512: (b"ic09", b"ic14"),
}


def read_png(path: Path) -> bytes:
    """Raises ValueError where the picture is none, or not as wide and high as its name says."""
    content = path.read_bytes()
    size = int(path.stem)
    if content[:8] != _PNG or struct.unpack(">II", content[16:24]) != (size, size):
        raise ValueError(f"{path} is not a PNG picture of {size} by {size} pixels")
    return content


def ico(folder: Path) -> bytes:
    pictures = [(size, read_png(folder / f"{size}.png")) for size in _ICO_SIZES]
    header = struct.pack("<HHH", 0, 1, len(pictures))
    offset = len(header) + 16 * len(pictures)
    entries = []
    for size, content in pictures:
        # 256 does not fit into the byte: 0 stands for it.
        entries.append(struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(content), offset))
        offset += len(content)
    return header + b"".join(entries) + b"".join(content for _, content in pictures)


def icns(folder: Path) -> bytes:
    pictures = {size: read_png(folder / f"{size}.png") for size in _ICNS_TYPES}
    parts = [
        name + struct.pack(">I", len(pictures[size]) + 8) + pictures[size]
        for size, names in _ICNS_TYPES.items()
        for name in names
    ]
    body = b"".join(parts)
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main() -> None:
    folder, ico_output, icns_output = map(Path, sys.argv[1:])
    for output, content in ((ico_output, ico(folder)), (icns_output, icns(folder))):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(content)


if __name__ == "__main__":
    main()
