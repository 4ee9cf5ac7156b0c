"""What macOS is told of Writer.app: the frozen program's spec hands `bundle_arguments()` to PyInstaller's BUNDLE."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from project_version import numeric_version, project_version

BUNDLE_ID = "local.writer-desktop.writer"
# ONNX Runtime's wheels ask for this one; those of Qt would do with 13.
MINIMUM_SYSTEM = "14.0"
_MARKDOWN = "net.daringfireball.markdown"


def bundle_arguments() -> dict[str, Any]:
    return {"bundle_identifier": BUNDLE_ID, "version": project_version(), "info_plist": info_plist(project_version())}


def info_plist(version: str) -> dict[str, Any]:
    """The whole of Info.plist but for the names of the program and its icon, which PyInstaller adds."""
    return {
        "CFBundleIdentifier": BUNDLE_ID,
        "CFBundleName": "Writer",
        "CFBundleDisplayName": "Writer",
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": numeric_version(version).rpartition(".")[0],
        "CFBundleDevelopmentRegion": "en",
        "LSApplicationCategoryType": "public.app-category.productivity",
        "LSMinimumSystemVersion": MINIMUM_SYSTEM,
        # PyInstaller hides programs that can also be used in a terminal.
        "LSBackgroundOnly": False,
        "NSHighResolutionCapable": True,
        "NSPrincipalClass": "NSApplication",
        "NSRequiresAquaSystemAppearance": False,
        "NSHumanReadableCopyright": "Copyright (c) 2026 The Writer developers. MIT licence.",
        "CFBundleDocumentTypes": [
            _document_type("Plain text", "public.plain-text"),
            _document_type("Markdown", _MARKDOWN),
        ],
        "UTImportedTypeDeclarations": [
            {
                "UTTypeIdentifier": _MARKDOWN,
                "UTTypeDescription": "Markdown",
                "UTTypeConformsTo": ["public.plain-text"],
                "UTTypeTagSpecification": {"public.filename-extension": ["md", "markdown"]},
            }
        ],
    }


def _document_type(name: str, content_type: str) -> dict[str, Any]:
    """Alternate: named under "Open With", without taking the place of the program that opens these files now."""
    return {
        "CFBundleTypeName": name,
        "CFBundleTypeRole": "Editor",
        "LSHandlerRank": "Alternate",
        "LSItemContentTypes": [content_type],
    }
