"""The application for a WSGI server: `granian --interface wsgi traceapp.wsgi:application`."""

from __future__ import annotations

import gc
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from config import load_settings
from traceapp.access.secret_key import require_some_key
from traceapp.app import create_app
from traceapp.db import open_database

_settings = load_settings().require("database_url")
_database = open_database(_settings.database_url)
with suppress(DBAPIError), _database.read() as session:  # It may be away now, and come back.
    require_some_key(session, _settings)
application = create_app(_settings, _database)
# What stands now stands until the end: to look through it again makes somebody wait 50 ms.
gc.collect()
gc.freeze()
