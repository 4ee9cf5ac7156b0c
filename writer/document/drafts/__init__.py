"""What no file holds yet: the journal of every edit, and the way back from it."""
