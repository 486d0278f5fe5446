"""What holds for every test: no test depends on how fast the machine is today."""

import os

from hypothesis import settings

# In CI the same examples every time; at a desk new ones, so that new mistakes are found there.
settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")
