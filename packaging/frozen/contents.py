"""What the frozen program is made of beside Writer's own modules, and what of it is left out."""

from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatch
from pathlib import PurePosixPath

# Packages that ask for their own version, or that of another, when they are imported.
METADATA = ("httpcore2", "httpx2", "huggingface_hub", "onnx", "tqdm")

# Modules that only ways through a library need which Writer never takes.
UNUSED_MODULES = [
    "_bz2",
    "_lzma",
    "_pytest",
    "_sqlite3",
    "_uuid",
    "bz2",
    "chardet",
    "charset_normalizer",
    "click",
    "fsspec",
    "hf_xet",
    "huggingface_hub.cli",
    "IPython",
    "lxml",
    "lzma",
    "matplotlib",
    "mypy",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "numpy.tests",
    "onnx.backend",
    "onnx.reference",
    "onnxruntime.backend",
    "onnxruntime.datasets",
    "onnxruntime.quantization",
    "onnxruntime.tools",
    "onnxruntime.training",
    "onnxruntime.transformers",
    "optimum",
    "pandas",
    "PIL",
    "pip",
    "pkg_resources",
    "pydoc",
    "pygments",
    "PyInstaller",
    "pytest",
    "requests",
    "rich",
    "safetensors.torch",
    "scipy",
    "sentencepiece",
    "setuptools",
    "sqlite3",
    "sympy",
    "tensorflow",
    "tkinter",
    "torch",
    "transformers",
    "typer",
    "unittest",
    "urllib3",
    "wheel",
    "xmlrpc",
    "yaml._yaml",
    "yaml.cyaml",
    # Bindings to parts of Qt.
    *(f"PySide6.Qt{part}" for part in ("DBus", "Network", "OpenGL", "OpenGLWidgets", "PrintSupport", "Qml", "Quick")),
    *(f"PySide6.Qt{part}" for part in ("Sql", "SvgWidgets", "Test", "UiTools", "Xml", "Designer", "Help")),
    *(f"PySide6.{part}" for part in ("scripts", "support.generate_pyi")),
]

# Where Qt's plugins lie differs by system; their folder's name and their own do not.
QT_PLUGINS = {
    "iconengines": ("*qsvgicon*",),
    "imageformats": ("*qgif*", "*qico*", "*qicns*", "*qjpeg*", "*qsvg*"),  # PNG is Qt's own
    "platforminputcontexts": ("*compose*", "*ibus*"),
    "platforms": ("*qxcb*", "*qwayland*", "*qoffscreen*", "*qminimal.*", "*qwindows*", "*qcocoa*"),
    "platformthemes": ("*xdgdesktopportal*", "*gtk3*"),
    "styles": ("*",),
    "wayland-decoration-client": ("*",),
    "wayland-graphics-integration-client": ("*qt-plugin-wayland-egl*",),
    "wayland-shell-integration": ("*xdg-shell*",),
    "xcbglintegrations": ("*",),
}

_UNUSED_FILES = (
    "*/Qt/translations/*",  # Writer speaks English
    "*/PySide6/translations/*",
    "*/Qt/qml/*",
    "*/PySide6/qml/*",
    "onnxruntime/capi/libonnxruntime.*",  # the Python module holds all of it once more
    "onnxruntime/capi/libonnxruntime_providers_[!s]*",  # for graphics cards, which the frozen program does not serve
    "onnxruntime/capi/onnxruntime.dll",
    "onnxruntime/capi/onnxruntime.lib",
    "onnx/backend/*",
    "numpy/*/tests/*",
    "*.pyi",
    "*/opengl32sw.dll",
)

# Linux has its own of these wherever there are windows. They come from the system, since it has parts that need them
# as new as it has them itself (graphics drivers the C++ runtime, GTK's themes all of GTK), or files of their version.
_SYSTEM_LIBRARIES = (
    "libX11*",
    "libXau.*",
    "libXdmcp.*",
    "libXext.*",
    "libXrender.*",
    "libdbus-1.*",
    "libexpat.*",
    "libfontconfig.*",
    "libfreetype.*",
    "libgcc_s.*",
    "libgdk*",
    "libgio-2*",
    "libglib-2*",
    "libgmodule-2*",
    "libgobject-2*",
    "libgthread-2*",
    "libgraphite2*",
    "libgtk-3*",
    "libharfbuzz*",
    "libstdc++.*",
    "libz.*",
    "libatk*",
    "libcairo*",
    "libpango*",
)


def is_used(name: str) -> bool:
    """Whether the file that would lie at `name` below `_internal` belongs to the program."""
    name = name.replace("\\", "/")
    folder, _, file = name.rpartition("/")
    if "/plugins/" in name and name.startswith("PySide6/"):
        return any(fnmatch(file, pattern) for pattern in QT_PLUGINS.get(folder.rpartition("/")[2], ()))
    return not any(fnmatch(name, pattern) for pattern in _UNUSED_FILES) and not is_of_the_system(file)


def is_of_the_system(library: str) -> bool:
    """Whether the shared library of that name comes from a Linux system, not from the program's folder."""
    return ".so" in library and any(fnmatch(library, pattern) for pattern in _SYSTEM_LIBRARIES)


def reached(names: Collection[str], needs: Callable[[str], Iterable[str]]) -> set[str]:
    """Those of `names`, files below `_internal`, that the program loads by itself or that another one of these needs.

    needs -- gives the file names (no folders) of what the file of a name is linked to
    """
    by_file: dict[str, list[str]] = {}
    for name in names:
        by_file.setdefault(PurePosixPath(name).name, []).append(name)
    found: set[str] = set()
    waiting = [name for name in names if not _is_library(name)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [other for file in needs(name) for other in by_file.get(file, ())]
    return found


def _is_library(name: str) -> bool:
    """Whether it is one of those that only others ask for: modules of Python, plugins and what lies beside them are
    loaded by themselves."""
    path = PurePosixPath(name)
    folder = path.parent.as_posix()
    is_among_libraries = folder in (".", "PySide6/Qt/lib") or folder.endswith(".libs")
    return is_among_libraries and path.name.startswith("lib") and not path.name.startswith("libpython")


def is_resource(name: str) -> bool:
    """Whether the program reads, or a licence asks for, `name` below resources/."""
    return not name.startswith("screenshots/")
