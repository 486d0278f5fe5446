"""Inbox → registry; the daemon and the command line (floor 5)."""
