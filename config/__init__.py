"""What the admin may say, and how it is checked (floor 2)."""
