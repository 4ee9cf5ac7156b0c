"""Who wrote what, kept beside the manuscript, and found again when the text was edited elsewhere."""
