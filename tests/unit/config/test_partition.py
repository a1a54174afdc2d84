"""How the telemetry is divided: read from a variable or from a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Partition, SettingInvalid, load_settings

ID = {"TRACEAPP_BROKER_CLIENT_ID": "ingest"}


def test_without_a_word_there_is_one_partition_with_everything_under_the_client_id() -> None:
    settings = load_settings(ID)
    assert settings.partitions == (Partition("ingest", "ingest", ("coldchain/v1/#",)),)
    assert settings.partitions_to_take == settings.partitions


def test_partitions_have_sites_or_filters_and_client_ids_of_their_own() -> None:
    text = "north=A-1, A-2; south:old=coldchain/v1/B/#,coldchain/v1/+/movements;empty="
    assert load_settings(ID | {"TRACEAPP_PARTITIONS": text}).partitions == (
        Partition("north", "ingest-north", ("coldchain/v1/A-1/#", "coldchain/v1/A-2/#")),
        Partition("south", "old", ("coldchain/v1/B/#", "coldchain/v1/+/movements")),
        Partition("empty", "ingest-empty", ()),
    )


def test_a_table_in_a_file_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[partitions]\nnorth = ["A-1", "A-2"]\n"south:old" = ["coldchain/v1/B/#"]\n')
    assert load_settings(ID | {"TRACEAPP_CONFIG": str(file)}).partitions == (
        Partition("north", "ingest-north", ("coldchain/v1/A-1/#", "coldchain/v1/A-2/#")),
        Partition("south", "old", ("coldchain/v1/B/#",)),
    )


def test_an_ingester_may_be_told_what_to_take_and_in_which_order() -> None:
    told = {"TRACEAPP_PARTITIONS": "a=A;b=B;c=C", "TRACEAPP_PARTITIONS_TO_TAKE": "c, a"}
    settings = load_settings(ID | told)
    assert [partition.name for partition in settings.partitions_to_take] == ["c", "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("north", "got 'north'"),
        ("=A", "got '=A'"),
        ("north=A;north=B", "each name once, got north again"),
        ("north:x=A;south:x=B", "each client_id once, got x again"),
        ("north=other/topic/#", "got 'other/topic/#'"),
        ("north=coldchain/v1/#/x", "got 'coldchain/v1/#/x'"),
        ("north=coldchain/v1/A*/#", "got 'coldchain/v1/A\\*/#'"),
        ("north=#", "got '#'"),
        (f"{'n' * 64}=A", "client ids of 1 to 64"),
    ],
)
def test_a_wrong_division_is_refused_with_what_is_wrong_in_it(text: str, said: str) -> None:
    with pytest.raises(SettingInvalid, match=rf"^TRACEAPP_PARTITIONS: .*{said}"):
        load_settings(ID | {"TRACEAPP_PARTITIONS": text})


@pytest.mark.parametrize("text", ["partitions = {a = 1}", "partitions = 1", "partitions = [1]"])
def test_a_table_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    with pytest.raises(SettingInvalid, match="expected a text in quotes"):
        load_settings({"TRACEAPP_CONFIG": str(file)})


@pytest.mark.parametrize("names", ["b", "a,b", "a,,a", "a b"])
def test_a_partition_that_is_not_there_cannot_be_taken(names: str) -> None:
    told = {"TRACEAPP_PARTITIONS": "a=A", "TRACEAPP_PARTITIONS_TO_TAKE": names}
    with pytest.raises(SettingInvalid, match=r"^TRACEAPP_PARTITIONS_TO_TAKE: expected"):
        load_settings(ID | told)
