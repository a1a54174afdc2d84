"""The application with the scene already told."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.integration.api.scene import play
from tests.integration.door import Door


@pytest.fixture
def admin(door: Door) -> FlaskClient:
    """The administrator of the whole country, after the story."""
    return play(door)
