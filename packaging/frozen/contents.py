"""What the frozen program is made of beside Writer's own modules, and what of it is left out."""

from fnmatch import fnmatch

# Packages that ask for their own version, or that of another, when they are imported.
METADATA = ("httpcore2", "httpx2", "huggingface_hub", "onnx", "tqdm")

# Modules that only ways through a library need which Writer never takes.
UNUSED_MODULES = [
    "IPython",
    "PIL",
    "PyInstaller",
    "_pytest",
    "click",
    "hf_xet",
    "huggingface_hub.cli",
    "lxml",
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
    "pip",
    "pkg_resources",
    "pydoc",
    "pytest",
    "rich",
    "safetensors.torch",
    "scipy",
    "sentencepiece",
    "setuptools",
    "sympy",
    "tensorflow",
    "tkinter",
    "torch",
    "transformers",
    "typer",
    "unittest",
    "wheel",
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
    "onnxruntime/capi/onnxruntime.dll",
    "onnxruntime/capi/onnxruntime.lib",
    "onnx/backend/*",
    "numpy/*/tests/*",
    "*.pyi",
    "*/opengl32sw.dll",
    # Each system has its own of these, and parts of it that talk to them; an older copy breaks there.
    "libgtk-3.so*",
    "libgdk-3.so*",
    "libgdk_pixbuf-2.0.so*",
    "libgio-2.0.so*",
    "libglib-2.0.so*",
    "libgmodule-2.0.so*",
    "libgobject-2.0.so*",
)


def is_used(name: str) -> bool:
    """Whether the file that would lie at `name` below `_internal` belongs to the program."""
    name = name.replace("\\", "/")
    folder, _, file = name.rpartition("/")
    if "/plugins/" in name and name.startswith("PySide6/"):
        return any(fnmatch(file, pattern) for pattern in QT_PLUGINS.get(folder.rpartition("/")[2], ()))
    return not any(fnmatch(name, pattern) for pattern in _UNUSED_FILES)


def is_resource(name: str) -> bool:
    """Whether the program reads, or a licence asks for, `name` below resources/."""
    return not name.startswith("screenshots/")
