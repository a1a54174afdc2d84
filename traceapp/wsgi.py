"""The application for a WSGI server: `granian --interface wsgi traceapp.wsgi:application`."""

from __future__ import annotations

import gc

from config import load_settings
from traceapp.app import create_app
from traceapp.db import open_database

_settings = load_settings().require("database_url")
application = create_app(_settings, open_database(_settings.database_url))
# What stands now stands until the end: to look through it again makes somebody wait 50 ms.
gc.collect()
gc.freeze()
