"""What every test may ask for."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# The same examples on every machine and in every run: what fails, fails for everybody. To look
# for new ones by hand: `pytest --hypothesis-profile=search`, ten times as many at random.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("search", max_examples=1_000, deadline=None)
settings.load_profile("steady")
