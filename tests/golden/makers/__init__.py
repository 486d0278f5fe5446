"""Makes the golden documents from seeds: what a sender means, how he writes it, in which file."""
