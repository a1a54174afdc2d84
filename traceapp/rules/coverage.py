"""Which topics a set of MQTT topic filters matches, and whether a site's are all among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

_BEGINNING = "coldchain/v1/"
#: Stands for any sensor: a filter that names one sensor does not match it, `+` and `#` do.
_ANY_SENSOR = "+"


class Coverage:
    """What is heard by whoever has subscribed to these filters."""

    def __init__(self, filters: Collection[str]) -> None:
        self._sites = {site for filter_ in filters if (site := site_of(filter_))}
        others = [filter_ for filter_ in filters if not site_of(filter_)]
        self._others = [filter_.split("/") for filter_ in others]

    def hears_all_of(self, site: str) -> bool:
        """Whether every topic on which a site speaks is matched."""
        return site in self._sites or all(self.hears(topic) for topic in topics_of(site))

    def hears_readings_of(self, site: str) -> bool:
        """Whether the readings of any sensor of a site are heard."""
        return self.hears(f"{_BEGINNING}{site}/{_ANY_SENSOR}/readings")

    def hears(self, topic: str) -> bool:
        """Whether one of the filters matches a topic."""
        levels = topic.split("/")
        if topic.startswith(_BEGINNING) and levels[2] in self._sites:
            return True
        return any(_matches(filter_, levels) for filter_ in self._others)


def topics_of(site: str) -> Iterator[str]:
    """The topics on which a site speaks (contract §4)."""
    yield f"{_BEGINNING}{site}/movements"
    yield f"{_BEGINNING}{site}/{_ANY_SENSOR}/readings"
    yield f"{_BEGINNING}{site}/{_ANY_SENSOR}/status"


def site_of(topic_filter: str) -> str | None:
    """The site whose topics a filter matches, all of them and no others; None for any other."""
    levels = topic_filter.removeprefix(_BEGINNING).split("/")
    is_one_site = topic_filter.startswith(_BEGINNING) and len(levels) == 2 and levels[1] == "#"
    return levels[0] if is_one_site and levels[0] != "+" else None


def _matches(filter_: Sequence[str], topic: Sequence[str]) -> bool:
    """MQTT 3.1.1 section 4.7, without the topics that begin with `$`."""
    for level, wanted in enumerate(filter_):
        if wanted == "#":
            return True
        if level == len(topic) or wanted not in ("+", topic[level]):
            return False
    return len(filter_) == len(topic)
