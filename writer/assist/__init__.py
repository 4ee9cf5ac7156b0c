"""Writing help without a window: what the model is shown, and what becomes of its answer."""
