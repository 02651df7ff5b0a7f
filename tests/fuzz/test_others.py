"""Files that people bring, and what endpoints and servers answer: refused by its own error, or sound."""

import json
from datetime import UTC
from decimal import Decimal
from itertools import pairwise
from zipfile import ZipFile

import msgspec
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from paperfleet.cli.rules import _read_rule
from paperfleet.client.answers.outlet import Rule
from paperfleet.client.answers.trade import Trade
from paperfleet.client.calls import reading
from paperfleet.client.errors import BadAnswer, Problem, Unavailable, problem_of
from paperfleet.client.events import Follower
from paperfleet.client.lines import Lines
from services.binance.brackets import read_answer
from services.coordination import queues
from services.db.backup import FORMAT, read_manifest
from services.domain.errors import InvalidData, InvalidInput
from services.settings import SettingsError, load
from services.usecases import what_if
from services.usecases.export_account import FORMAT as EXPORT
from services.usecases.import_account import _Reader
from services.usecases.new_trade import NUMBER_MAX
from services.usecases.replay_plans import read_plan
from services.usecases.replay_recording import _grids
from services.usecases.signal_file import SignalFile
from services.usecases.try_outlet import _repeats
from tests.fuzz.hostile import BOMBS, VALUES, numbers_in, spoiled
from tests.fuzz.test_exchange import SYMBOL


def body(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def bytes_of(sound: object) -> st.SearchStrategy[bytes]:
    """`sound` spoiled, noise, and bombs, those inside `sound` too."""
    bombs = [*BOMBS]
    if isinstance(sound, dict):
        bombs += [body(sound)[:-1] + b"," + bomb[1:] for bomb in BOMBS if bomb.startswith(b"{")]
    return st.one_of(spoiled(sound).map(body), st.binary(max_size=80), st.sampled_from(bombs))


@given(bytes_of({"challenge": "it"}))
def test_the_answer_of_a_webhook(answer):
    assert _repeats(answer, "it") in (False, True)


def test_a_webhook_repeats_its_challenge():
    assert all(
        _repeats(answer, "it") for answer in (b"it", b" it\n", b'{"challenge": "it"}', b'{"a":[1],"challenge":"it"}')
    )


SHEETS = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet='ab ",\n\r;\x00\ufeff', max_size=200).map(str.encode),
    st.sampled_from([b"symbol," * 500, b'symbol,side\nBTC,"LONG\nETH,SHORT', *BOMBS]),
)


@given(SHEETS, st.lists(st.integers(0, 300), max_size=6))
def test_a_file_of_signals(sheet, cuts):
    pieces = [sheet[begin:end] for begin, end in pairwise([0, *sorted(cuts), len(sheet)])]
    assert rows_of(pieces) == rows_of([sheet])


def rows_of(pieces):
    """What a file in these pieces says, or the rule that it breaks."""
    file, rows = SignalFile(), []
    try:
        for piece in pieces:
            rows += file.feed(piece)
        rows += file.end()
    except InvalidInput as refused:
        assert refused.code in ("bad_columns", "no_columns")
        return refused.code
    return [(row.line, row.raw, row.told.code if isinstance(row.told, InvalidInput) else row.told) for row in rows]


PLAN = {
    "id": 1,
    "market_type": "FUTURES",
    "symbol": "BTCUSDT",
    "direction": "LONG",
    "opened_at": "2026-07-01T12:00:00Z",
    "entry_type": "LIMIT",
    "entry_price": "100",
    "stop_loss": "90",
    "take_profit": "110",
    "leverage": 5,
    "take_profits": [{"price": "105", "fraction": "0.5"}, {"price": "110", "fraction": "0.5"}],
    "rules": {"trailing": {"percent": "2", "activation": "101"}, "entry_zone": "99"},
    "position_size": "100",
}


def test_the_plan_that_is_spoiled_is_sound():
    assert read_plan(body(PLAN)).symbol == "BTCUSDT"
    assert read_plan(what_if._plan_of(body({"plan": PLAN, "came": 1}))).symbol == "BTCUSDT"


@pytest.mark.parametrize(
    ("field", "plan"),
    [
        ("stop_loss", PLAN | {"stop_loss": "NaN"}),
        ("take_profits", PLAN | {"take_profits": [{"price": "NaN", "fraction": "1"}]}),
        ("take_profits", PLAN | {"take_profits": [{"price": "110", "fraction": "sNaN"}]}),
        ("trailing.percent", PLAN | {"rules": {"trailing": {"percent": "NaN"}}}),
        ("entry_zone", PLAN | {"rules": {"entry_zone": "Infinity"}}),
    ],
)
def test_a_number_of_a_plan_that_is_none_is_named(field, plan):
    with pytest.raises(InvalidInput, match="must be a positive, finite number") as refused:
        read_plan(body(plan))
    assert refused.value.field == field


@given(st.one_of(bytes_of(PLAN), bytes_of({"plan": PLAN})))
def test_a_line_of_plans(line):
    for read in (read_plan, lambda line: read_plan(what_if._plan_of(line))):
        try:
            plan = read(line)
        except InvalidInput:
            continue
        for name, number in numbers_in(plan):
            assert number.is_finite(), name
            assert 0 < number < NUMBER_MAX, name
        assert plan.opened_at.tzinfo is UTC


BRACKETS = [
    {
        "symbol": "BTCUSDT",
        "brackets": [
            {"initialLeverage": 125, "notionalFloor": 0, "notionalCap": 50, "maintMarginRatio": 0.004, "cum": 0},
            {
                "initialLeverage": 100,
                "notionalFloor": 50,
                "notionalCap": 2**63 - 1,
                "maintMarginRatio": 0.005,
                "cum": 0,
            },
        ],
    }
]


def test_the_brackets_that_are_spoiled_are_sound():
    assert len(read_answer(body(BRACKETS))["BTCUSDT"]) == 2


@given(bytes_of(BRACKETS))
def test_brackets_that_somebody_saved(answer):
    try:
        found = read_answer(answer)
    except InvalidData:
        return
    for brackets in found.values():
        assert all(
            number.is_finite() and number >= 0
            for each in brackets
            for number in (each.floor, each.cap, each.rate, each.deduction)
        )
        assert brackets[0].floor == 0
        assert [each.cap for each in brackets[:-1]] == [each.floor for each in brackets[1:]]


@pytest.mark.parametrize("field", ["notionalFloor", "notionalCap", "maintMarginRatio", "cum"])
@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-1"])
def test_a_number_of_a_bracket_that_is_none_is_named(field, value):
    first, second = BRACKETS[0]["brackets"]
    with pytest.raises(InvalidData, match=f"BTCUSDT: {field} must be a finite number, 0 or more"):
        read_answer(body([{"symbol": "BTCUSDT", "brackets": [first, second | {field: value}]}]))


ACCOUNT = {"line": "account", "format": EXPORT, "origin": "x", "name": "a"}
END = {"line": "end", "lines": 1, "live_trades_left_out": 0}


@given(bytes_of(ACCOUNT), bytes_of({"line": "capital", "amount": "1"}), bytes_of(END))
def test_an_exported_account(first, line, last):
    for lines in ((first, line, last), (body(ACCOUNT), line, last), (body(ACCOUNT), line, body(END))):
        try:
            for kind, rows in _Reader(lines).batches():
                assert isinstance(kind, str)
                assert all(isinstance(row, dict) for row in rows)
        except InvalidInput as refused:
            assert refused.code == "no_export"


@given(value=bytes_of({"symbols": [SYMBOL]}))
def test_the_listing_of_a_recording(tmp_path_factory, value):
    folder = tmp_path_factory.getbasetemp()
    (folder / "exchangeInfo.json").write_bytes(value)
    try:
        grids = _grids(folder)
    except InvalidData:
        return
    assert all(number.is_finite() and number >= 0 for filters in grids.values() for _, number in numbers_in(filters))


MANIFEST = {"format": FORMAT, "made_at": "2026-07-01T12:00:00Z", "revision": "0001", "epoch": "e"} | {
    "tables": [{"name": "users", "columns": ["id"], "rows": 1}],
    "partitions": [],
    "counters": [],
}


@given(value=bytes_of(MANIFEST))
def test_the_manifest_of_a_backup(tmp_path_factory, value):
    file = tmp_path_factory.getbasetemp() / "fuzz.backup"
    with ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", value)
    try:
        assert read_manifest(file).format == FORMAT
    except InvalidInput as refused:
        assert refused.code == "no_backup"


@given(st.one_of(VALUES.map(body), st.sampled_from(BOMBS)))
def test_parameters_of_strategies(value):
    environment = {"PAPERFLEET_DATABASE_URL": "a", "PAPERFLEET_REDIS_URL": "b"}
    try:
        settings = load(environment | {"PAPERFLEET_SCAN_PARAMETERS": value.decode(errors="surrogateescape")})
    except SettingsError as error:
        assert "PAPERFLEET_SCAN_PARAMETERS" in str(error)
        return
    assert all(isinstance(each, dict) for each in settings.strategy_parameters.values())


MESSAGE = {"actor_name": "evaluate", "args": [1], "kwargs": {}, "options": {"traceback": "x"}, "message_timestamp": 1}


@given(st.one_of(spoiled(MESSAGE).map(lambda value: msgspec.msgpack.encode(_small(value))), st.binary(max_size=80)))
def test_messages_that_an_operator_looks_at(data):
    letter = queues._letter("evaluate", "1", 0, data)
    assert isinstance(letter.actor, str)
    again = queues._again(data, "evaluate", "1", 1)
    assert again is None or msgspec.msgpack.decode(again)["message_timestamp"] == 1


PROBLEM = {"code": "conflict", "detail": "no", "field": "price", "numbers": {"price": "1"}}


@given(
    st.sampled_from([400, 404, 409, 418, 429, 500, 502, 503]),
    bytes_of(PROBLEM),
    st.one_of(st.text(), st.just("9" * 400)),
)
def test_a_refusal_of_the_api_in_the_client(status, answer, retry_after):
    error = problem_of(status, answer, retry_after)
    assert isinstance(error, BadAnswer | Problem)
    if isinstance(error, Problem):
        assert 0 <= error.retry_after <= 86_400
    assert status not in (502, 503) or isinstance(error, Unavailable)


@given(bytes_of({"id": 1, "symbol": "BTCUSDT", "status": "OPEN"}))
def test_an_answer_of_the_api_in_the_client(answer):
    for kind in (Trade, dict[str, msgspec.Raw]):
        try:
            reading(kind)(200, answer)
        except BadAnswer:
            continue


@given(
    st.lists(bytes_of({"action": "opened", "trade": {"id": 1}}), max_size=3),
    st.one_of(st.text(max_size=8), st.just("9" * 5000)),
)
def test_an_event_in_the_client(events, wait):
    follower, cut = Follower(), Lines()
    follower.feed(f"retry: {wait}".replace("\n", " "))
    try:
        for each in events:
            for line in cut.feed(b"event: paper_trade\ndata: " + each + b"\n\n"):
                event = follower.feed(line.rstrip("\r\n"))
                assert event is None or isinstance(event.data, dict)
        cut.end()
    except BadAnswer:
        return
    assert 0 <= follower.lost(None) <= 30


def _small(value: object) -> object:
    """`value` with numbers that msgpack can hold."""
    if isinstance(value, dict):
        return {key: _small(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_small(each) for each in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return 0
    return str(value) if isinstance(value, Decimal) else value


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*Rule.__struct_fields__, "x", ""]),
            st.one_of(st.text(max_size=8), st.integers().map(str), st.sampled_from(["NaN", "1e999999", "9" * 5000])),
        ),
        max_size=4,
    ).map(lambda pairs: ",".join(f"{name}={value}" for name, value in pairs))
)
def test_a_rule_on_the_command_line(text):
    try:
        assert isinstance(_read_rule(text), Rule)
    except typer.BadParameter:
        return
