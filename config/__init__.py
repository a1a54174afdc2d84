"""What a process is told when it starts: the environment over ``config/*.toml``."""

from __future__ import annotations

from config.addresses import BindAddress, BrokerAddress, MailServerAddress
from config.invalid import SettingInvalid
from config.loading import load_settings
from config.partition import Partition
from config.settings import Settings

__all__ = [
    "BindAddress",
    "BrokerAddress",
    "MailServerAddress",
    "Partition",
    "SettingInvalid",
    "Settings",
    "load_settings",
]
