"""Vietnamese text: repair and folding."""
