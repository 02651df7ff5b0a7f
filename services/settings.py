"""One frozen Settings from the environment; secrets never show in its repr."""

import os
import ssl
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, get_args, get_type_hints

import msgspec

from services.domain.candles import Timeframe
from services.domain.malformed import MALFORMED

PREFIX = "PAPERFLEET_"
IN_FILES = ("database_url", "callers_database_url", "redis_url")
"""What holds a password, and may be in a file that PAPERFLEET_<FIELD>_FILE names."""
OF_CLIENTS = frozenset({"url", "key"})
"""Variables of programs that talk to the API (paperfleet.client); a process of the fleet leaves them alone."""

BOUNDS: Mapping[str, tuple[Decimal, Decimal]] = {
    "market_speed": (Decimal(0), Decimal(1000)),
    "weight_share": (Decimal(0), Decimal(1)),
    "spot_weight_per_minute": (Decimal(0), Decimal(1_000_000)),
    "futures_weight_per_minute": (Decimal(0), Decimal(1_000_000)),
    "sweep_seconds": (Decimal(0), Decimal(3600)),
    "quote_max_age_seconds": (Decimal(0), Decimal(3600)),
    "api_port": (Decimal(0), Decimal(65535)),
    "metrics_port": (Decimal(-1), Decimal(65535)),
    "pool_size": (Decimal(0), Decimal(1000)),
    "disk_budget_gib": (Decimal(0), Decimal(1_000_000)),
    "session_hours": (Decimal(0), Decimal(24 * 366)),
    "streams_max": (Decimal(0), Decimal(1_000_000)),
    "streams_per_user": (Decimal(0), Decimal(1_000_000)),
    "open_trades_per_user": (Decimal(0), Decimal(10_000_000)),
    "rate_per_minute": (Decimal(-1), Decimal(1_000_000)),
    "live_hours_max": (Decimal(0), Decimal(24 * 31)),
    "starting_balance": (Decimal(0), Decimal(10) ** 12),
}
"""Numbers lie above the first and are at most the second."""


class SettingsError(Exception):
    """An environment variable is missing or malformed; the message names it."""


class Login(StrEnum):
    """Who may come in: this machine's owner without a password, or whoever signs in."""

    LOCAL = "local"
    REQUIRED = "required"


class Writers(StrEnum):
    """Who may trade on the public account."""

    NOBODY = "nobody"
    USERS = "users"
    ANYONE = "anyone"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All configuration. Every field is the variable PAPERFLEET_<FIELD> in upper case.

    In place of database_url, callers_database_url and redis_url, which may hold passwords, PAPERFLEET_<FIELD>_FILE may
    name a file that holds the value; it is read when a process starts.

    database_url       libpq URL, e.g. postgresql://user@/paperfleet?host=/run/pg
    callers_database_url
                       libpq URL by which the API serves its callers; empty: database_url
    redis_url          redis://, rediss:// (TLS) or unix:// URL
    redis_ca_file      the PEM file of whoever may vouch for a rediss:// server; empty: whom the system trusts
    spot_url           base URL of the spot REST API
    futures_url        base URL of the USDT-M futures REST API
    market_speed       exchange seconds per wall second; 1 for a real exchange, more for a sped-up simulator
    weight_share       the share of the exchange's request weight this fleet may use, 0 < share <= 1
    spot_weight_per_minute, futures_weight_per_minute
                       the exchange's own limits, per exchange minute
    sweep_seconds      wall seconds between two sweeps of all quotes
    quote_max_age_seconds
                       a quote older than this (wall seconds) prices nothing
    api_host, api_port where the API listens
    metrics_host, metrics_port
                       where a worker or scheduler serves its own Prometheus metrics; port 0 serves none. The API
                       has them at /metrics
    pool_size          database connections a process may hold
    disk_budget_gib    how large the database may become, its log not counted; beyond 80 % of it the operator is told
    traces_url         base URL of an OpenTelemetry collector (OTLP over HTTP) that gets traces; empty: none are made
    log_level          DEBUG, INFO, WARNING, ERROR or CRITICAL
    starting_balance   USDT on an account when it is made, unless something else is asked for
    login              local: loopback only, one owner, no login; required: everybody signs in or shows a key
    public_writers     who may trade on the public account, which anybody may read: nobody, users, anyone
    session_hours      how long a login lasts
    trusted_proxies    addresses and networks, comma-separated, whose X-Forwarded-* headers are believed;
                       * for everybody's
    cors_origins       origins, comma-separated, whose pages may call the API with a key; empty: none
    streams_max        event streams that one API process serves
    streams_per_user   event streams that one user may hold open over the whole fleet where login is required
    open_trades_per_user
                       live trades that one user may have, pending ones included, where login is required
    rate_per_minute    requests a minute for each key, user or address where login is required; 0: no limit

    The scanner (docs/scanner.md); lists are separated by commas:
    scan_timeframes    timeframes on whose closed candles strategies look; empty: none, no scanning
    scan_strategies    names of the strategies that run; empty: all there are
    scan_parameters    JSON of their parameters, such as {"ema_adx": {"fast": 10}}
    strategies_folder  a folder with strategies of one's own, *.py; empty: none
    scan_allow, scan_deny
                       pairs (BTCUSDT, or FUTURES:BTCUSDT for one market); an empty allow list is every pair
    scan_min_quote_volume, scan_max_spread_percent, scan_min_age_days
                       USDT traded in the last 24 hours, percent of the mid price, days since the pair began to trade;
                       0 asks for nothing

    live_mode          whether accounts may be switched to live: their signals handed to their owners' own executors
    live_hours_max     the longest that an account may stay live before it falls back to paper
    notify_services    Apprise services that notifications may use, comma-separated
    hooks_networks     networks (CIDR, comma-separated) that may be reached besides the public Internet
    """

    database_url: str
    redis_url: str
    callers_database_url: str = ""
    redis_ca_file: str = ""
    spot_url: str = "https://data-api.binance.vision"
    futures_url: str = "https://fapi.binance.com"
    market_speed: Decimal = Decimal(1)
    weight_share: Decimal = Decimal("0.8")
    spot_weight_per_minute: int = 6000
    futures_weight_per_minute: int = 2400
    sweep_seconds: Decimal = Decimal(2)
    quote_max_age_seconds: Decimal = Decimal(10)
    api_host: str = "127.0.0.1"
    api_port: int = 8000
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    pool_size: int = 5
    disk_budget_gib: Decimal = Decimal(80)
    traces_url: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    starting_balance: Decimal = Decimal(100000)
    login: Login = Login.LOCAL
    public_writers: Writers = Writers.NOBODY
    session_hours: int = 336
    trusted_proxies: str = "127.0.0.1"
    cors_origins: str = ""
    streams_max: int = 6000
    streams_per_user: int = 5
    open_trades_per_user: int = 1000
    rate_per_minute: int = 600
    scan_timeframes: str = "15m,1h,4h"
    scan_strategies: str = ""
    scan_parameters: str = "{}"
    strategies_folder: str = ""
    scan_allow: str = ""
    scan_deny: str = ""
    scan_min_quote_volume: Decimal = Decimal(0)
    scan_max_spread_percent: Decimal = Decimal(0)
    scan_min_age_days: int = 0
    live_mode: bool = False
    live_hours_max: int = 24
    hooks_networks: str = ""
    notify_services: str = "discord,gotifys,mailto,mailtos,matrixs,mmosts,ntfys,pbul,pover,rockets,slack,tgram"

    def __repr__(self) -> str:
        shown = {
            name: "***" if name.endswith("_url") and "@" in str(getattr(self, name)) else getattr(self, name)
            for name in self.__struct_fields__
        }
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def callers_url(self) -> str:
        """The libpq URL by which the API serves its callers."""
        return self.callers_database_url or self.database_url

    @property
    def disk_budget_bytes(self) -> int:
        """`disk_budget_gib` in bytes."""
        return int(self.disk_budget_gib * 2**30)

    @property
    def cycle_interval(self) -> timedelta:
        """Wall time between two candle cycles: one exchange minute, at least two wall seconds."""
        return timedelta(seconds=max(2.0, 60 / float(self.market_speed)))

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """The scanned timeframes, shortest first."""
        return tuple(sorted(map(Timeframe, listed(self.scan_timeframes)), key=lambda each: each.length))

    @property
    def strategy_parameters(self) -> dict[str, dict[str, object]]:
        """Parameters by strategy, as far as they are set."""
        return msgspec.json.decode(self.scan_parameters, type=dict[str, dict[str, object]])

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """`hooks_networks`, parsed. Raises ValueError."""
        return tuple(ip_network(part) for part in listed(self.hooks_networks))

    def to_environment(self) -> dict[str, str]:
        """The variables that `load` reads back to equal settings."""
        return {f"{PREFIX}{name.upper()}": str(getattr(self, name)) for name in self.__struct_fields__}


def listed(text: str) -> list[str]:
    """The entries of a list separated by commas, each once."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment` (the process's by default).

    Raises SettingsError naming every unknown, missing or malformed PAPERFLEET_ variable's rule.
    """
    source = os.environ if environment is None else environment
    values = {key[len(PREFIX) :].lower(): text for key, text in source.items() if key.startswith(PREFIX)}
    values = {name: text for name, text in values.items() if name not in OF_CLIENTS}
    _read_files(values)
    unknown = sorted(values.keys() - set(Settings.__struct_fields__))
    if unknown:
        names = ", ".join(PREFIX + name.upper() for name in unknown)
        raise SettingsError(f"unknown setting: {names}")
    missing = sorted({"database_url", "redis_url"} - values.keys())
    if missing:
        names = ", ".join(PREFIX + name.upper() for name in missing)
        raise SettingsError(f"missing setting: {names}")
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        choices = get_args(get_type_hints(Settings)[name])
        rule = f"must be one of {', '.join(choices)}" if choices else f"{reason[:1].lower()}{reason[1:]}"
        raise SettingsError(f"{PREFIX}{name.upper()}: {rule}") from error
    for name, (low, high) in BOUNDS.items():
        value = Decimal(getattr(settings, name))
        if not value.is_finite():
            raise SettingsError(f"{PREFIX}{name.upper()} must be a finite number")
        if not low < value <= high:
            raise SettingsError(f"{PREFIX}{name.upper()} must be above {low} and at most {high}, got {value}")
    _check_redis(settings)
    _check_proxies(settings)
    _check_scanner(settings)
    try:
        _ = settings.networks
    except ValueError as error:
        raise SettingsError(f"{PREFIX}HOOKS_NETWORKS: {error}") from error
    return settings


def _read_files(values: dict[str, str]) -> None:
    """Put what files hold in place of their paths."""
    for name in IN_FILES:
        path, variable = values.pop(f"{name}_file", None), f"{PREFIX}{name.upper()}"
        if path is None:
            continue
        if name in values:
            raise SettingsError(f"{variable} and {variable}_FILE are both given: one of them")
        try:
            values[name] = Path(path).read_text().strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise SettingsError(f"{variable}_FILE: {path} cannot be read: {reason}") from error
        if not values[name]:
            raise SettingsError(f"{variable}_FILE: {path} is empty")


def _check_redis(settings: Settings) -> None:
    if not settings.redis_ca_file:
        return
    if not settings.redis_url.startswith("rediss://"):
        raise SettingsError(f"{PREFIX}REDIS_CA_FILE needs {PREFIX}REDIS_URL to begin with rediss://")
    try:
        ssl.create_default_context(cafile=settings.redis_ca_file)
    except OSError as error:
        raise SettingsError(f"{PREFIX}REDIS_CA_FILE must be a readable PEM file of certificates: {error}") from error


def _check_proxies(settings: Settings) -> None:
    if settings.trusted_proxies == "*":
        return
    for part in listed(settings.trusted_proxies):
        try:
            ip_network(part)
        except ValueError as error:
            rule = "must be addresses and networks (10.244.0.0/16), comma-separated, or *"
            raise SettingsError(f"{PREFIX}TRUSTED_PROXIES {rule}: {error}") from error


def _check_scanner(settings: Settings) -> None:
    try:
        _ = settings.timeframes
    except ValueError as error:
        raise SettingsError(f"{PREFIX}SCAN_TIMEFRAMES must be of {', '.join(Timeframe)}: {error}") from error
    try:
        _ = settings.strategy_parameters
    except MALFORMED as error:
        raise SettingsError(f"{PREFIX}SCAN_PARAMETERS must be a JSON object of objects: {error}") from error
    for name in ("scan_min_quote_volume", "scan_max_spread_percent", "scan_min_age_days"):
        value = Decimal(getattr(settings, name))
        if not value.is_finite() or value < 0:
            raise SettingsError(f"{PREFIX}{name.upper()} must be a finite number, 0 or more, got {value}")
