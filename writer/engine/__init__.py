"""Text in, a stream of tokens out. Knows nothing of windows, documents, settings or where models live."""
