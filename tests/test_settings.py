from pathlib import Path

import pytest

from streams.errors import Refused
from streams.settings import (
    AUTO,
    HIDDEN,
    SETTINGS,
    LogLevel,
    Protocol,
    RecordTime,
    Settings,
    load_settings,
    setting_rows,
)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "sendflow.toml"


def test_without_anything_all_settings_are_their_defaults():
    loaded = load_settings(None, {})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}


def test_options_outweigh_variables_outweigh_the_file(file):
    file.write_text('brokers = "a:1"\npartitions = 2\nweb_port = 1\n')
    environment = {"SENDFLOW_PARTITIONS": "3", "SENDFLOW_WEB_PORT": "2", "HOME": "/root"}
    loaded = load_settings(file, environment, {"web_port": 3, "brokers": None})
    settings = loaded.settings
    assert (settings.brokers, settings.partitions, settings.web_port) == ("a:1", 3, 3)
    assert loaded.origins["brokers"] == str(file)
    assert loaded.origins["partitions"] == "SENDFLOW_PARTITIONS"
    assert loaded.origins["web_port"] == "--web-port"
    assert loaded.origins["prefix"] == "default"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0ms", 0),
        ("100ms", 100),
        ("60s", 60_000),
        ("5 m", 300_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
    ],
)
def test_durations(text, milliseconds):
    assert load_settings(None, {"SENDFLOW_MAX_IDLE": text}).settings.max_idle == milliseconds


@pytest.mark.parametrize("text", ["", "60", "1.5s", "-1s", "1 day", "s", "1d 2h"])
def test_what_is_no_duration(text):
    with pytest.raises(Refused, match=r"SENDFLOW_MAX_IDLE: max_idle is .* expected a duration"):
        load_settings(None, {"SENDFLOW_MAX_IDLE": text})


def test_a_number_in_the_file_is_no_duration_since_its_unit_is_not_known(file):
    file.write_text("max_idle = 60\n")
    with pytest.raises(Refused, match="max_idle is 60, expected a duration"):
        load_settings(file, {})


def test_sizes_choices_and_paths():
    environment = {
        "SENDFLOW_STORE_MEMORY": "64MB",
        "SENDFLOW_RECORD_TIME": "create",
        "SENDFLOW_LOG_LEVEL": "debug",
        "SENDFLOW_DATA_DIR": "somewhere/else",
        "SENDFLOW_SECURITY_PROTOCOL": "SSL",
    }
    settings = load_settings(None, environment).settings
    assert settings.store_memory == 64 * 1024 * 1024
    assert settings.record_time is RecordTime.CREATE
    assert settings.log_level is LogLevel.DEBUG
    assert settings.data_dir == Path("somewhere/else")
    assert settings.security.protocol is Protocol.SSL


@pytest.mark.parametrize(
    ("text", "number", "shown"), [("1", 1, "1"), ("12", 12, "12"), ("auto", AUTO, "auto")]
)
def test_the_number_of_processes(text, number, shown):
    loaded = load_settings(None, {"SENDFLOW_PROCESSES": text})
    assert loaded.settings.processes == number
    assert ("processes", shown, "SENDFLOW_PROCESSES") in list(setting_rows(loaded))


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "all", ""])
def test_what_is_no_number_of_processes(text):
    with pytest.raises(Refused, match="expected a number of processes, 1 or more, or auto"):
        load_settings(None, {"SENDFLOW_PROCESSES": text})


def test_all_that_is_wrong_is_told_at_once(file):
    file.write_text('brokerz = "a:1"\npartitions = -1\n\n[security]\nprotocoll = "SSL"\n')
    with pytest.raises(Refused) as refused:
        load_settings(file, {"SENDFLOW_RECORD_TIME": "now", "SENDFLOW_WEBPORT": "1"})
    assert str(refused.value).splitlines() == [
        f"{file}: unknown setting brokerz; did you mean brokers?",
        f"{file}: partitions is -1, expected a whole number, 0 or more",
        f"{file}: unknown setting security.protocoll; did you mean security.protocol?",
        "SENDFLOW_RECORD_TIME: record_time is 'now', expected one of append, create",
        "unknown setting SENDFLOW_WEBPORT; did you mean SENDFLOW_WEB_PORT?",
    ]


OF_KUBERNETES = {
    "SENDFLOW_SERVICE_HOST": "10.96.0.12",
    "SENDFLOW_SERVICE_PORT": "6066",
    "SENDFLOW_SERVICE_PORT_HTTP": "6066",
    "SENDFLOW_PORT": "tcp://10.96.0.12:6066",
    "SENDFLOW_PORT_6066_TCP": "tcp://10.96.0.12:6066",
    "SENDFLOW_PORT_6066_TCP_PROTO": "tcp",
    "SENDFLOW_PORT_6066_TCP_PORT": "6066",
    "SENDFLOW_PORT_6066_TCP_ADDR": "10.96.0.12",
    "SENDFLOW_PORT_53_UDP": "udp://10.96.0.12:53",
    "SENDFLOW_DASHBOARD_SERVICE_HOST": "10.96.0.13",
    "SENDFLOW_DASHBOARD_SERVICE_PORT": "80",
    "SENDFLOW_DASHBOARD_PORT": "tcp://10.96.0.13:80",
    "SENDFLOW_DASHBOARD_PORT_80_TCP": "tcp://10.96.0.13:80",
    "SENDFLOW_DASHBOARD_PORT_80_TCP_ADDR": "10.96.0.13",
}


@pytest.mark.parametrize("variable", OF_KUBERNETES)
def test_what_kubernetes_says_of_services_is_no_setting(variable):
    loaded = load_settings(None, {variable: OF_KUBERNETES[variable]})
    assert loaded.settings == Settings()


def test_a_setting_of_ours_is_one_also_where_its_name_looks_like_a_service():
    environment = {**OF_KUBERNETES, "SENDFLOW_WEB_PORT": "7000"}
    assert load_settings(None, environment).settings.web_port == 7000


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SENDFLOW_WBE_PORT", "7000"),  # a setting, misspelt
        ("SENDFLOW_PORT", "7000"),
        ("SENDFLOW_SERVICE_HOSTS", "a"),
        ("SENDFLOW_PORT_6066", "tcp://10.96.0.12:6066"),
        ("SENDFLOW_PORT_6066_TCP_NAME", "a"),
    ],
)
def test_what_only_looks_like_a_variable_of_kubernetes_is_told(variable, text):
    with pytest.raises(Refused, match=f"unknown setting {variable}"):
        load_settings(None, {variable: text})


@pytest.mark.parametrize("text", ["brokers = ", "\xff"])
def test_a_file_that_is_no_toml(file, text):
    file.write_text(text, encoding="latin-1")
    with pytest.raises(Refused, match="cannot read"):
        load_settings(file, {})


def test_a_file_that_is_not_there(file):
    with pytest.raises(Refused, match="cannot read"):
        load_settings(file, {})


# ── Secrets ───────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_in_the_file_or_as_an_option_is_refused_and_not_repeated(file):
    file.write_text('[security]\npassword = "hunter2"\n')
    with pytest.raises(Refused, match="SENDFLOW_SECURITY_PASSWORD") as refused:
        load_settings(file, {}, {"security.key_password": "hunter2"})
    assert len(str(refused.value).splitlines()) == 2
    assert "hunter2" not in str(refused.value)


def test_a_secret_is_read_from_the_file_that_is_named(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    loaded = load_settings(None, {"SENDFLOW_SECURITY_PASSWORD_FILE": str(secret)})
    assert loaded.settings.security.password == "hunter2"
    assert loaded.origins["security.password"] == str(secret)


def test_a_secret_file_that_is_not_there(tmp_path):
    with pytest.raises(Refused, match=r"cannot read security.password_file"):
        load_settings(None, {"SENDFLOW_SECURITY_PASSWORD_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    "url", ["http://worker:hunter2@registry:8081", "http://worker@registry:8081/hunter2"]
)
def test_a_registry_with_a_user_in_its_address_is_refused_and_not_shown(file, url):
    file.write_text(f'schema_registry = "{url}"\n')
    for loading in (
        lambda: load_settings(file, {}),
        lambda: load_settings(None, {"SENDFLOW_SCHEMA_REGISTRY": url}),
    ):
        with pytest.raises(Refused, match="SENDFLOW_SCHEMA_REGISTRY_PASSWORD") as refused:
            loading()
        assert "hunter2" not in str(refused.value)


def test_the_password_of_the_registry_is_a_secret(file, tmp_path):
    file.write_text('schema_registry_username = "worker"\nschema_registry_password = "hunter2"\n')
    with pytest.raises(Refused, match="SENDFLOW_SCHEMA_REGISTRY_PASSWORD") as refused:
        load_settings(file, {})
    assert "hunter2" not in str(refused.value)
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    file.write_text(
        f'schema_registry = "http://registry:8081"\nschema_registry_username = "worker"\n'
        f'schema_registry_password_file = "{secret}"\n'
    )
    loaded = load_settings(file, {})
    assert loaded.settings.schema_registry_password == "hunter2"
    assert "hunter2" not in repr(list(setting_rows(loaded)))


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"USERNAME": "worker"}, "schema_registry_password is missing"),
        ({"PASSWORD": "hunter2"}, "schema_registry_username is missing"),
        ({"USERNAME": "a:b", "PASSWORD": "hunter2"}, "contain a colon"),
    ],
)
def test_a_user_of_the_registry_has_a_name_and_a_password(variables, says):
    named = {f"SENDFLOW_SCHEMA_REGISTRY_{name}": value for name, value in variables.items()}
    with pytest.raises(Refused, match=says) as refused:
        load_settings(None, named)
    assert "hunter2" not in str(refused.value)


def test_secrets_are_never_shown():
    loaded = load_settings(None, {"SENDFLOW_SECURITY_PASSWORD": "hunter2"})
    rows = {name: (value, origin) for name, value, origin in setting_rows(loaded)}
    assert rows["security.password"] == (HIDDEN, "SENDFLOW_SECURITY_PASSWORD")
    assert rows["security.key_password"] == ("", "default")
    assert set(rows) == set(SETTINGS)
    assert "hunter2" not in repr(rows)


def test_what_is_shown_can_be_written():
    loaded = load_settings(None, {"SENDFLOW_MAX_IDLE": "2m"})
    rows = {name: value for name, value, _ in setting_rows(loaded)}
    assert rows["max_idle"] == "2m"
    assert rows["clock_skew"] == "20ms"
    assert rows["store_memory"] == "128MB"
    assert rows["record_time"] == "append"
    environment = {
        f"SENDFLOW_{name.upper().replace('.', '_')}": value for name, value in rows.items() if value
    }
    assert load_settings(None, environment).settings == loaded.settings


# ── Contradictions between settings ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("timeout", ["199ms", "100ms"])
def test_pitfall_13_a_transaction_timeout_below_twice_the_commit_interval_is_refused(timeout):
    with pytest.raises(Refused, match=r"at least twice commit_interval \(100ms\)"):
        load_settings(None, {"SENDFLOW_TRANSACTION_TIMEOUT": timeout})


def test_pitfall_13_twice_the_commit_interval_is_enough():
    loaded = load_settings(None, {"SENDFLOW_TRANSACTION_TIMEOUT": "200ms"})
    assert loaded.settings.transaction_timeout == 200


@pytest.mark.parametrize("name", ["PARTITIONS", "COMMIT_EVENTS"])
def test_what_must_not_be_zero(name):
    with pytest.raises(Refused, match=f"{name.lower()} is 0, expected at least 1"):
        load_settings(None, {f"SENDFLOW_{name}": "0"})


def test_codes_made_by_rule_set_the_most_partitions():
    assert load_settings(None, {"SENDFLOW_PARTITIONS": "4096"}).settings.partitions == 4096
    with pytest.raises(Refused, match="partitions is 4097, expected at most 4096"):
        load_settings(None, {"SENDFLOW_PARTITIONS": "4097"})


@pytest.mark.parametrize("brokers", ["", "kafka", "kafka:", "http://kafka:9092", "a:1;b:2", "a:1,"])
def test_addresses_that_are_none(brokers):
    with pytest.raises(Refused, match="expected host:port"):
        load_settings(None, {"SENDFLOW_BROKERS": brokers})


@pytest.mark.parametrize("brokers", ["kafka:9092", "a:1, b:2", "[::1]:9092", "127.0.0.1:1"])
def test_addresses(brokers):
    assert load_settings(None, {"SENDFLOW_BROKERS": brokers}).settings.brokers == brokers


@pytest.mark.parametrize(
    ("given", "application"),
    [
        ({}, "sendflow"),
        ({"SENDFLOW_PREFIX": "shop-a."}, "shop-a.sendflow"),
        ({"SENDFLOW_APPLICATION": "mine"}, "mine"),
        ({"SENDFLOW_PREFIX": "shop-a.", "SENDFLOW_APPLICATION": "mine"}, "mine"),
    ],
)
def test_shops_with_prefixes_of_their_own_are_applications_of_their_own(
    given: dict[str, str], application: str
) -> None:
    """One name for two of them would make their tasks fence each other."""
    assert load_settings(None, given).settings.application == application


def test_an_application_has_a_name():
    with pytest.raises(Refused, match="application is empty"):
        load_settings(None, {"SENDFLOW_APPLICATION": ""})


def test_a_prefix_that_kafka_would_refuse():
    with pytest.raises(Refused, match="prefix is 'shop/1'"):
        load_settings(None, {"SENDFLOW_PREFIX": "shop/1"})


def test_sasl_needs_all_three():
    with pytest.raises(Refused) as refused:
        load_settings(
            None,
            {"SENDFLOW_SECURITY_PROTOCOL": "SASL_SSL", "SENDFLOW_SECURITY_USERNAME": "shop"},
        )
    assert [line.split(" is ")[0] for line in str(refused.value).splitlines()] == [
        "security.mechanism",
        "security.password",
    ]
