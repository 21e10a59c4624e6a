"""Settings from `sendflow.toml`, `SENDFLOW_` variables and options (later ones win), each with its
origin.

Secrets come from variables or from files named by a setting, never from `sendflow.toml`, and are
never printed.
"""

import difflib
import enum
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from streams.engine.values import MOST_PARTITIONS
from streams.errors import Refused

FILE_NAME = "sendflow.toml"
VARIABLE_PREFIX = "SENDFLOW_"
DEFAULT = "default"
HIDDEN = "***"
APPLICATION = "sendflow"
"""Default application; a prefix comes before it, because two shops with one application on one
cluster would fence each other without end."""


class Meaning(enum.Enum):
    """Kind of a setting's text where the type alone is not enough; the value is shown in errors."""

    DURATION = "a duration such as 100ms, 20s or 5m"
    SIZE = "a size such as 64MB or 1GB"
    SECRET = "a secret"
    PROCESSES = "a number of processes, 1 or more, or auto"
    WORDS = "a list of words, comma-separated"


DurationSetting = Annotated[int, Meaning.DURATION]  # milliseconds
SizeSetting = Annotated[int, Meaning.SIZE]  # bytes
SecretSetting = Annotated[str | None, Meaning.SECRET]
ProcessesSetting = Annotated[int, Meaning.PROCESSES]

WordsSetting = Annotated[tuple[str, ...], Meaning.WORDS]

AUTO = 0
"""The value of `processes` that stands for one process per available core."""


class RecordTime(enum.Enum):
    """Source of the inputs' record time (DESIGN 5.1, 5.7)."""

    APPEND = "append"  # when the broker appended the record
    CREATE = "create"  # given by the producer: simulated time

    def given(self, time: int) -> int | None:
        """The record time that a producer sets for `time`, ms since the epoch; None: the broker
        sets it."""
        return time if self is RecordTime.CREATE else None


class Protocol(enum.Enum):
    """Kafka's security.protocol."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class LogLevel(enum.Enum):
    """Lowest severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


PLACEHOLDER_IDS = (
    "na",
    "n/a",
    "null",
    "none",
    "nan",
    "undefined",
    "unknown",
    "anonymous",
    "guest",
    "(not set)",
    "0",
    "-1",
)
"""The default: what exports and logs write where there is no id (SEMANTICS 8.5)."""


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """TLS and SASL. A `…_file` holds the value of the setting of its name, and nothing else."""

    protocol: Protocol = Protocol.PLAINTEXT
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretSetting = None
    key_password_file: Path | None = None
    mechanism: str | None = None  # PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
    username: str | None = None
    password: SecretSetting = None
    password_file: Path | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Durations in milliseconds, sizes in bytes."""

    brokers: str = "localhost:9092"  # host:port, comma-separated
    application: str = APPLICATION  # consumer group and prefix of transactional ids
    prefix: str = ""  # topic name prefix, one per shop on a shared cluster
    partitions: int = 8  # per topic, except `control`
    replication: int = 0  # replication factor of created topics; 0: broker default
    data_dir: Path = Path("sendflow-data")
    record_time: RecordTime = RecordTime.APPEND
    clock_skew: DurationSetting = 20
    max_idle: DurationSetting = 60_000  # maximum time an unreadable input blocks its tasks
    commit_interval: DurationSetting = 100
    commit_events: int = 10_000
    transaction_timeout: DurationSetting = 15_000
    session_timeout: DurationSetting = 10_000
    broker_timeout: DurationSetting = 60_000  # retry time for unreachable brokers
    web_host: str = "0.0.0.0"
    web_port: int = 6066
    web_address: str | None = None  # advertised host; None: detected
    instance: str | None = None  # static member name (group.instance.id)
    processes: ProcessesSetting = 1  # of a worker; AUTO: one per available core
    schema_registry: str | None = None
    schema_registry_username: str | None = None
    schema_registry_password: SecretSetting = None
    schema_registry_password_file: Path | None = None
    refit: DurationSetting = 0  # age at which the purchase model is fitted anew; 0: never
    log_level: LogLevel = LogLevel.INFO
    placeholder_ids: WordsSetting = PLACEHOLDER_IDS  # ids that stand for nobody
    cache_memory: SizeSetting = 64 * 1024 * 1024  # of states, per task
    store_memory: SizeSetting = 128 * 1024 * 1024  # RocksDB's blocks and write buffers, per worker
    security: Security = Security()


class LoadedSettings(msgspec.Struct, frozen=True):
    """The settings, and the origin of each: `brokers` -> "SENDFLOW_BROKERS"."""

    settings: Settings
    origins: dict[str, str]


class _Setting(msgspec.Struct, frozen=True):
    """One setting: its name in the structs and the reader of its text."""

    name: str  # as in sendflow.toml, "security.protocol"
    is_secret: bool
    read: Callable[[object], object]  # raises ValueError with what was expected


def load_settings(
    file: Path | None,
    environment: Mapping[str, str],
    options: Mapping[str, object] | None = None,
) -> LoadedSettings:
    """Reads `file` (None: no file), the `SENDFLOW_` variables of `environment`, and `options` by
    setting name (None: not given). Raises Refused with all problems."""
    problems: list[str] = []
    values: dict[str, object] = {}
    origins = dict.fromkeys(SETTINGS, DEFAULT)
    for name, given, origin in _given(file, environment, options or {}, problems):
        setting = SETTINGS[name]
        try:
            values[name] = setting.read(given)
        except ValueError as error:
            found = HIDDEN if setting.is_secret else repr(given)
            problems.append(f"{origin}: {name} is {found}, expected {error}")
        origins[name] = origin
    if not problems:
        _read_secret_files(values, origins, problems)
    settings = _assemble(values)
    if not problems:
        problems += _contradictions(settings)
    if problems:
        raise Refused("\n".join(problems))
    return LoadedSettings(settings, origins)


def setting_rows(loaded: LoadedSettings) -> Iterator[tuple[str, str, str]]:
    """(name, value as text, origin) of every setting, secrets hidden."""
    for name, setting in SETTINGS.items():
        value: object = loaded.settings
        for part in name.split("."):
            value = getattr(value, part)
        if setting.is_secret and value is not None:
            value = HIDDEN
        elif name in _QUANTITIES:
            value = _quantity_text(typing.cast(int, value), _QUANTITIES[name])
        elif isinstance(value, enum.Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = ", ".join(value)
        elif name == "processes" and value == AUTO:
            value = "auto"
        yield name, "" if value is None else str(value), loaded.origins[name]


# ── Origins of values ─────────────────────────────────────────────────────────────────────────────


def _given(
    file: Path | None,
    environment: Mapping[str, str],
    options: Mapping[str, object],
    problems: list[str],
) -> Iterator[tuple[str, object, str]]:
    """(name, value, origin); later ones override earlier ones."""
    if file is not None:
        for name, value in _from_file(file, problems):
            if name not in SETTINGS:
                problems.append(f"{file}: {_unknown(name, SETTINGS)}")
            elif SETTINGS[name].is_secret:
                problems.append(f"{file}: {name} is a secret; {_elsewhere(name)}")
            else:
                yield name, value, str(file)
    variables = {_variable(name): name for name in SETTINGS}
    for variable, text in environment.items():
        if not variable.startswith(VARIABLE_PREFIX) or variable in _OTHER_VARIABLES:
            continue
        if variable in variables:
            yield variables[variable], text, variable
        elif not _is_of_kubernetes(variable, text):
            problems.append(_unknown(variable, variables))
    for name, value in options.items():
        option = "--" + name.replace(".", "-").replace("_", "-")
        if value is not None and SETTINGS[name].is_secret:
            problems.append(
                f"{option}: secrets are not accepted on the command line; {_elsewhere(name)}"
            )
        elif value is not None:
            yield name, value, option


# Variables with the prefix of the settings that are not settings.
_OTHER_VARIABLES = frozenset({"SENDFLOW_FORM", "SENDFLOW_TEST_BROKER", "SENDFLOW_TEST_EXAMPLES"})

# Variables that Kubernetes sets for a service called sendflow or sendflow-…
_SERVICE = re.compile(
    rf"{VARIABLE_PREFIX}(\w+_)?"
    r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_ADDRESS = re.compile(rf"{VARIABLE_PREFIX}(\w+_)?PORT")


def _is_of_kubernetes(variable: str, text: str) -> bool:
    """A `…_PORT` counts only with a value like tcp://10.0.0.1:80: misspelt settings are errors."""
    if _SERVICE.fullmatch(variable):
        return True
    return "://" in text and _SERVICE_ADDRESS.fullmatch(variable) is not None


def _from_file(file: Path, problems: list[str]) -> Iterator[tuple[str, object]]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{file}: cannot read: {error}")
        return
    for name, value in data.items():
        if isinstance(value, dict):
            for inner, inner_value in value.items():
                yield f"{name}.{inner}", inner_value
        else:
            yield name, value


def _variable(name: str) -> str:
    return VARIABLE_PREFIX + name.upper().replace(".", "_")


def _elsewhere(secret: str) -> str:
    return f"set {_variable(secret)}, or set {secret}_file to a file"


def _unknown(name: str, known: Mapping[str, object]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else "`sendflow config` lists all settings"
    return f"unknown setting {name}; {hint}"


def _read_secret_files(
    values: dict[str, object], origins: dict[str, str], problems: list[str]
) -> None:
    for name, setting in SETTINGS.items():
        path = values.get(f"{name}_file")
        if not setting.is_secret or not isinstance(path, Path) or values.get(name) is not None:
            continue
        try:
            values[name] = path.read_text(encoding="utf-8").strip()
            origins[name] = str(path)
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{origins[f'{name}_file']}: cannot read {name}_file: {error}")


def _assemble(values: Mapping[str, object]) -> Settings:
    flat: dict[str, Any] = {name: value for name, value in values.items() if "." not in name}
    security: dict[str, Any] = {
        name.removeprefix("security."): value
        for name, value in values.items()
        if name.startswith("security.")
    }
    flat.setdefault("application", flat.get("prefix", "") + APPLICATION)
    return Settings(**flat, security=Security(**security))


def _contradictions(settings: Settings) -> Iterator[str]:
    """Contradictions between settings, each with a fix."""
    if settings.transaction_timeout < 2 * settings.commit_interval:
        yield (
            f"transaction_timeout is {_time(settings.transaction_timeout)}, expected at "
            f"least twice commit_interval ({_time(settings.commit_interval)}): the broker "
            "would abort open transactions; raise transaction_timeout"
        )
    for name in ("partitions", "commit_interval", "commit_events"):
        if getattr(settings, name) < 1:
            yield f"{name} is 0, expected at least 1"
    if settings.partitions > MOST_PARTITIONS:
        yield (
            f"partitions is {settings.partitions}, expected at most {MOST_PARTITIONS}: more "
            "partitions would break the uniqueness of generated coupon codes"
        )
    if not settings.application:
        yield "application is empty, expected a name"
    for name in ("prefix", "application"):
        if not _TOPIC_CHARACTERS.fullmatch(found := getattr(settings, name)):
            yield f"{name} is {found!r}, expected only letters, digits, '.', '_' and '-'"
    for address in settings.brokers.split(","):
        if not _ADDRESS.fullmatch(address.strip()):
            yield f"brokers: {address.strip()!r}, expected host:port, comma-separated"
    yield from _contradictions_of_registry(settings)
    if settings.security.protocol in (Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL):
        for name in ("mechanism", "username", "password"):
            if getattr(settings.security, name) is None:
                yield (
                    f"security.{name} is missing, expected with security.protocol = "
                    f'"{settings.security.protocol.value}"; set {_variable(f"security.{name}")}'
                )


def _contradictions_of_registry(settings: Settings) -> Iterator[str]:
    """The address is shown and logged, so it must not contain credentials; nor do these messages
    show it."""
    username = settings.schema_registry_username
    if "@" in (settings.schema_registry or ""):
        yield (
            "schema_registry must not contain credentials, expected http://HOST:PORT/PATH; set "
            f"{_variable('schema_registry_username')} and "
            f"{_variable('schema_registry_password')}, or set schema_registry_password_file to a "
            "file"
        )
    if username is not None and ":" in username:
        yield "schema_registry_username must not contain a colon (basic authentication)"
    if username is not None and settings.schema_registry_password is None:
        yield (
            "schema_registry_password is missing, expected with schema_registry_username; "
            f"{_elsewhere('schema_registry_password')}"
        )
    if username is None and settings.schema_registry_password is not None:
        yield (
            "schema_registry_username is missing, expected with schema_registry_password; set "
            f"{_variable('schema_registry_username')}"
        )


_TOPIC_CHARACTERS = re.compile(r"[a-zA-Z0-9._-]*")
_ADDRESS = re.compile(r"[^\s:/]+:\d+|\[[0-9a-fA-F:]+\]:\d+")


# ── Readers of texts ──────────────────────────────────────────────────────────────────────────────

_UNITS_OF_TIME = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNITS_OF_SIZE = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def _quantity(units: Mapping[str, int], meaning: Meaning) -> Callable[[object], object]:
    pattern = re.compile(rf"(\d+)\s*({'|'.join(units)})")

    def read(given: object) -> int:
        match = pattern.fullmatch(given.strip()) if isinstance(given, str) else None
        if match is None:
            raise ValueError(meaning.value)
        return int(match[1]) * units[match[2]]

    return read


def _quantity_text(value: int, units: Mapping[str, int]) -> str:
    """The value in the largest unit that divides it."""
    fitting = [(size, name) for name, size in units.items() if value % size == 0]
    size, name = max(fitting) if value else min(fitting)
    return f"{value // size}{name}"


def _time(milliseconds: int) -> str:
    return _quantity_text(milliseconds, _UNITS_OF_TIME)


def _positive_number(given: object) -> object:
    text = str(given)
    if isinstance(given, bool) or not text.isdecimal():
        raise ValueError("a whole number, 0 or more")
    return int(text)


def _processes(given: object) -> object:
    text = str(given)
    if text == "auto":
        return AUTO
    if isinstance(given, bool) or not text.isdecimal() or int(text) < 1:
        raise ValueError(Meaning.PROCESSES.value)
    return int(text)


def _words(given: object) -> object:
    """In lower case. In `sendflow.toml` a list is one too."""
    words = given.split(",") if isinstance(given, str) else given
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError(Meaning.WORDS.value)
    return tuple(word.strip().lower() for word in words if word.strip())


def _text(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError("text")
    return given


def _path(given: object) -> object:
    if not isinstance(given, str | Path) or not str(given):
        raise ValueError("a path")
    return Path(given).expanduser()


def _one_of(values: type[enum.Enum]) -> Callable[[object], object]:
    def read(given: object) -> enum.Enum:
        for value in values:
            if given is value or given == value.value:
                return value
        raise ValueError("one of " + ", ".join(value.value for value in values))

    return read


def _reader(annotation: Any) -> Callable[[object], object]:
    if typing.get_origin(annotation) is types.UnionType:
        annotation = next(a for a in typing.get_args(annotation) if a is not types.NoneType)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _one_of(annotation)
    return _READERS[annotation]


_READERS: dict[Any, Callable[[object], object]] = {
    str: _text,
    int: _positive_number,
    Path: _path,
    DurationSetting: _quantity(_UNITS_OF_TIME, Meaning.DURATION),
    SizeSetting: _quantity(_UNITS_OF_SIZE, Meaning.SIZE),
    SecretSetting: _text,
    ProcessesSetting: _processes,
    WordsSetting: _words,
}


def _settings_of(struct: type[msgspec.Struct], before: str = "") -> Iterator[_Setting]:
    for name, annotation in typing.get_type_hints(struct, include_extras=True).items():
        if annotation is Security:
            yield from _settings_of(Security, f"{name}.")
        else:
            yield _Setting(before + name, annotation == SecretSetting, _reader(annotation))


SETTINGS: dict[str, _Setting] = {setting.name: setting for setting in _settings_of(Settings)}
_QUANTITIES: dict[str, Mapping[str, int]] = {
    name: _UNITS_OF_TIME if annotation == DurationSetting else _UNITS_OF_SIZE
    for name, annotation in typing.get_type_hints(Settings, include_extras=True).items()
    if annotation in (DurationSetting, SizeSetting)
}
