"""Which models exist, how they are fetched, built into graphs, checked and removed."""
