"""The one database and the vault: what arrived, what was understood, what was sent."""
