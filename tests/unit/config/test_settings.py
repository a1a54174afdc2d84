"""Tests of the settings: what wins, what is refused, and that no password is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import SettingInvalid, Settings, load_settings

COMPLETE = {
    "TRACEAPP_DATABASE_URL": "postgresql+psycopg://u:geheim@h/db",
    "TRACEAPP_BROKER_URL": "mqtts://gate:geheim@broker.example",
    "TRACEAPP_BROKER_CLIENT_ID": "ingest-1",
    "TRACEAPP_SMTP_URL": "smtps://post:ge%40heim@mail.example:465",
    "TRACEAPP_MAIL_FROM": "coldchain@example.org",
    "TRACEAPP_BASE_URL": "https://trace.example.org/",
    "TRACEAPP_BIND": "0.0.0.0:8000",
    "TRACEAPP_SECRET_KEY": "geheim" * 6,
}


def test_every_variable_of_the_contract_is_read() -> None:
    settings = load_settings(COMPLETE)
    assert settings.database_url == "postgresql+psycopg://u:geheim@h/db"
    assert settings.broker_client_id == "ingest-1"
    assert settings.mail_from == "coldchain@example.org"
    assert settings.base_url == "https://trace.example.org"
    assert settings.secret_key == "geheim" * 6


def test_addresses_are_taken_apart_with_their_usual_ports() -> None:
    settings = load_settings(COMPLETE)
    assert (settings.broker.host, settings.broker.port) == ("broker.example", 8883)
    assert (settings.broker.username, settings.broker.password) == ("gate", "geheim")
    assert settings.broker.tls
    assert settings.mail_server.password == "ge@heim"
    assert (settings.bind_address.host, settings.bind_address.port) == ("0.0.0.0", 8000)


def test_nothing_told_gives_the_defaults_and_the_shipped_file_repeats_them() -> None:
    assert load_settings({}) == Settings()


def test_an_empty_variable_counts_as_not_given() -> None:
    assert load_settings({"TRACEAPP_BIND": ""}).bind == "127.0.0.1:8000"


def test_no_password_appears_in_a_repr() -> None:
    settings = load_settings(COMPLETE)
    for shown in (settings, settings.broker, settings.mail_server):
        assert "heim" not in repr(shown)
    assert "broker.example" in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRACEAPP_DATABASE_URL", "mysql://u:geheim@h/db"),
        ("TRACEAPP_DATABASE_URL", "postgresql+psycopg://u:geheim@h:port/db"),
        ("TRACEAPP_DATABASE_URL", "postgresql+psycopg:/u:geheim@h/db"),
        ("TRACEAPP_DATABASE_URL", "postgresql://h/db?user=u&password=geheim"),
        ("TRACEAPP_DATABASE_URL", "sqlite://"),
        ("TRACEAPP_DATABASE_URL", "sqlite:///:memory:"),
        ("TRACEAPP_BROKER_URL", "http://u:geheim@h"),
        ("TRACEAPP_BROKER_URL", "mqtt//u:geheim@h"),
        ("TRACEAPP_BROKER_URL", "mqtt://u:geheim@h:99999"),
        ("TRACEAPP_BROKER_URL", "mqtt://h/path"),
        ("TRACEAPP_BROKER_CLIENT_ID", "ingest 1"),
        ("TRACEAPP_BROKER_CLIENT_ID", "i" * 65),
        ("TRACEAPP_SMTP_URL", "mail.example:25"),
        ("TRACEAPP_RECALL_REMINDER_HOURS", "0"),
        ("TRACEAPP_RECALL_REMINDER_HOURS", "nan"),
        ("TRACEAPP_RECALL_REPEAT_HOURS", "daily"),
        ("TRACEAPP_MAIL_FROM", "A B <a@example.org>"),
        ("TRACEAPP_BASE_URL", "trace.example.org"),
        ("TRACEAPP_BASE_URL", "https://trace.example.org/?a=b"),
        ("TRACEAPP_BIND", "8000"),
        ("TRACEAPP_BIND", "127.0.0.1:port"),
        ("TRACEAPP_BIND", "127.0.0.1:8000/path"),
        ("TRACEAPP_SECRET_KEY", "geheim"),
        ("TRACEAPP_DATA_FOLDER", "var\nlib"),
        ("TRACEAPP_CONFIG", "nowhere"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_the_variable(
    variable: str, value: str
) -> None:
    with pytest.raises(SettingInvalid) as refused:
        load_settings({variable: value})
    message = str(refused.value)
    assert message.startswith(f"{variable}: expected ")
    assert ", got " in message
    assert "\n" not in message
    assert "geheim" not in message


def test_a_mail_server_without_a_sender_is_a_contradiction() -> None:
    with pytest.raises(SettingInvalid, match=r"TRACEAPP_MAIL_FROM.*because TRACEAPP_SMTP_URL"):
        load_settings({"TRACEAPP_SMTP_URL": "smtp://mail.example"})


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    secret = tmp_path / "broker"
    secret.write_text("mqtt://gate:geheim@h\n")
    settings = load_settings({"TRACEAPP_BROKER_URL_FILE": str(secret)})
    assert settings.broker_url == "mqtt://gate:geheim@h"


def test_a_secret_given_twice_is_a_contradiction(tmp_path: Path) -> None:
    secret = tmp_path / "broker"
    secret.write_text("mqtt://h")
    both = {"TRACEAPP_BROKER_URL": "mqtt://h", "TRACEAPP_BROKER_URL_FILE": str(secret)}
    with pytest.raises(SettingInvalid, match=r"either it or TRACEAPP_BROKER_URL_FILE, got both"):
        load_settings(both)


def test_a_secret_file_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "missing"):
        with pytest.raises(SettingInvalid, match=r"^TRACEAPP_BROKER_URL_FILE: expected a file"):
            load_settings({"TRACEAPP_BROKER_URL_FILE": str(tmp_path / name)})


def test_the_environment_stands_above_the_file_that_traceapp_config_names(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('bind = "127.0.0.1:9000"\nmail_from = "a@example.org"\n')
    environ = {"TRACEAPP_CONFIG": str(file), "TRACEAPP_BIND": "127.0.0.1:9001"}
    settings = load_settings(environ)
    assert (settings.bind, settings.mail_from) == ("127.0.0.1:9001", "a@example.org")


@pytest.mark.parametrize("text", ['bnid = "127.0.0.1:1"', "bind = 8000", "bind ="])
def test_a_file_with_a_wrong_name_type_or_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    with pytest.raises(SettingInvalid, match="expected "):
        load_settings({"TRACEAPP_CONFIG": str(file)})


def test_what_a_task_needs_is_asked_for_by_name() -> None:
    settings = load_settings({"TRACEAPP_BROKER_URL": "mqtt://h"})
    assert settings.require("broker_url") is settings
    with pytest.raises(SettingInvalid, match="TRACEAPP_DATABASE_URL: expected a value like"):
        settings.require("broker_url", "database_url")


def test_listening_beyond_this_machine_comes_with_a_word_about_tls() -> None:
    assert load_settings({}).cautions() == []
    assert load_settings({"TRACEAPP_BIND": "[::1]:0"}).cautions() == []
    [sentence] = load_settings({"TRACEAPP_BIND": "0.0.0.0:8000"}).cautions()
    assert "TLS" in sentence
