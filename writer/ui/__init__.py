"""The window: everything that draws, and the only package that imports PySide6."""
