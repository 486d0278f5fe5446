"""Die at every effect: the day is played, the daemon is killed at one point, and must end alike."""
