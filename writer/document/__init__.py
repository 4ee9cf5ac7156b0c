"""The manuscript: text, who wrote which character, and how to undo. Knows nothing of Qt or of models."""
