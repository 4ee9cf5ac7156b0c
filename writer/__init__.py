"""Writer: a desktop writing assistant whose language model runs on the writer's own machine."""

__version__ = "0.1.0"
