"""The hours and days that people in China go by."""

from __future__ import annotations

from datetime import timedelta, timezone

#: One time for the country and no summer time since 1991, so no time zone database is needed.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
