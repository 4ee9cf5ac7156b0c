"""Every continuation that the model ever offered at a place, and what became of it."""
