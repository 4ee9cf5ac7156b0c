"""Earlier versions of manuscripts, how they thin out, and undo across sessions."""
