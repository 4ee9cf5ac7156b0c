"""Text files: their encodings, opening and saving without loss, and who has them open."""
