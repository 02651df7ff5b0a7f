"""Signals are stored once, with their reason where they are refused, and told in their source's stream."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from services.db import event_log, retention, sources
from services.domain.errors import InvalidInput, NotFound
from services.domain.plan import EntryType
from services.domain.signal import Level, SignalStatus
from services.usecases.store_signals import Incoming, store_signals
from tests.signals.saying import coming, price, rows, says, source_id


async def test_fifty_at_once_make_one(services):
    source = await source_id(services)
    signal = await says(services)
    answers = await asyncio.gather(*(store_signals(services, source, coming(signal)) for _ in range(50)))
    assert len({answer.signal.id for (answer,) in answers}) == 1
    assert sum(not answer.repeated for (answer,) in answers) == 1
    assert rows(services, "SELECT count(*) FROM signals") == [(1,)]
    later = await store_signals(services, source, coming(await says(services, notes="another")))
    assert not later[0].repeated


async def test_a_key_makes_one_whenever_it_comes_and_never_hides_another(services):
    source = await source_id(services, dedup_seconds=0)
    signal, other = await says(services), await says(services, "ETHUSDT")
    batch = [*coming(signal, key="k"), *coming(signal, key="k"), *coming(other, key="k")]
    first, second, third = await store_signals(services, source, batch)
    assert (first.repeated, second.repeated, third.repeated) == (False, True, False)
    assert second.signal.id == first.signal.id
    assert (third.signal.status, third.signal.code) == (SignalStatus.REJECTED, "idempotency_key_reused")
    assert third.signal.idempotency_key is None
    unkeyed = await store_signals(services, source, coming(signal, signal))
    assert [each.repeated for each in unkeyed] == [False, False], "no window, no keys: each is one of its own"


@pytest.mark.parametrize("key", [None, "k"])
async def test_what_was_refused_is_tried_anew_once_its_source_is_mended(services, key):
    source = await source_id(services)
    signal = await says(services, stop_loss=None, take_profit=None)
    ((refused,), (again,)) = [await store_signals(services, source, coming(signal, key=key)) for _ in "ab"]
    assert (refused.signal.code, refused.repeated, again.repeated) == ("no_stop_loss", False, True)
    await mend(services, source, stop_loss_percent=Decimal(2))
    (otherwise,) = await store_signals(services, source, coming(signal, key=key))
    assert (otherwise.signal.code, otherwise.repeated) == ("no_target", False)
    await mend(services, source, take_profit_percent=Decimal(4))
    answers = await asyncio.gather(*(store_signals(services, source, coming(signal, key=key)) for _ in range(20)))
    (made,) = {answer.signal.id for (answer,) in answers}
    assert sum(not answer.repeated for (answer,) in answers) == 1
    expected = [(refused.signal.id, "REJECTED", None), (otherwise.signal.id, "REJECTED", None), (made, "ACTIVE", key)]
    assert rows(services, "SELECT id, status, idempotency_key FROM signals ORDER BY id") == expected
    await mend(services, source, stop_loss_percent=None)
    (later,) = await store_signals(services, source, coming(signal, key=key))
    assert (later.signal.id, later.repeated) == (made, True), "what was made is never made again"


async def test_a_key_of_what_was_refused_is_free_for_what_it_means_now(services):
    source = await source_id(services)
    wrong, right = await says(services, "NONEUSDT"), await says(services)
    batch = [*coming(wrong, key="k"), *coming(right, key="k")]
    refused, reused = await store_signals(services, source, batch)
    assert (refused.signal.code, reused.signal.code) == ("unknown_symbol", "idempotency_key_reused")
    made, unkeyed = await store_signals(services, source, [*coming(right, key="k"), *coming(right)])
    assert (made.signal.status, unkeyed.repeated) == (SignalStatus.ACTIVE, True)
    (back,) = await store_signals(services, source, coming(wrong, key="k"))
    assert back.signal.code == "idempotency_key_reused"


async def mend(services, source: int, **changes: object) -> None:
    async with services.pool.connection() as connection:
        settings = (await sources.load(connection, [source]))[source].settings
        await sources.set_settings(connection, source, msgspec.structs.replace(settings, **changes))


async def test_every_refusal_is_stored_by_its_name_and_told(services):
    source = await source_id(services)
    last = await price(services)
    now = datetime.now(UTC)
    wrong = {
        "unknown_symbol": await says(services, "NONEUSDT"),
        "no_stop_loss": await says(services, stop_loss=None),
        "no_target": await says(services, take_profit=None),
        "stop_misplaced": await says(services, stop_loss=last * 3),
        "two_targets": await says(services, take_profit_percent=Decimal(5)),
        "target_misplaced": await says(services, entry_price=last * 3),
        "percent_out_of_range": await says(services, stop_loss=None, stop_loss_percent=Decimal(100)),
        "targets_unordered": await says(
            services,
            take_profit=None,
            take_profits=(Level(percent=Decimal(5), fraction=Decimal("0.5")),) * 2,
        ),
        "fractions_not_whole": await says(
            services, take_profit=None, take_profits=(Level(price=last * 2, fraction=Decimal("0.5")),)
        ),
        "leverage_out_of_range": await says(services, leverage=1000),
        "confidence_out_of_range": await says(services, confidence=Decimal(7)),
        "signal_from_the_future": await says(services, signal_time=now + timedelta(hours=1)),
        "expires_before_it_arose": await says(services, expires_at=now - timedelta(hours=1)),
        "bad_time": await says(services, signal_time=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
        "entry_expiry_out_of_range": await says(
            services, entry_price=last, entry_type=EntryType.LIMIT, entry_expires_at=datetime.max.replace(tzinfo=UTC)
        ),
        "two_entries": await says(services, entry_price=last, entry_zone=(last, last)),
        "not_a_positive_number": await says(services, entry_price=Decimal("NaN")),
    }
    unread = Incoming(b"\xff\x00", refused=InvalidInput("not_text", "no text at all"))
    answers = await store_signals(services, source, [*coming(*wrong.values()), unread])
    assert [each.signal.code for each in answers] == [*wrong, "not_text"]
    assert {each.signal.status for each in answers} == {SignalStatus.REJECTED}
    assert rows(services, "SELECT payload FROM signal_payloads ORDER BY signal_id DESC LIMIT 1") == [(b"\xff\x00",)]
    async with services.pool.connection() as connection:
        page = await event_log.read(connection, {sources.stream_of(source): 0}, 100)
    assert [event.seq for event in page.events] == list(range(1, len(wrong) + 2))
    assert '"action":"rejected"' in page.events[-1].payload.replace(" ", "")


async def test_what_comes_too_late_is_expired_with_its_numbers(services):
    source = await source_id(services, max_lag_seconds=60)
    late = await says(services, signal_time=datetime.now(UTC) - timedelta(minutes=5))
    short = await says(services, "ETHUSDT", signal_time=datetime.now(UTC) - timedelta(seconds=30), max_lag_seconds=10)
    for answer in await store_signals(services, source, coming(late, short)):
        assert (answer.signal.status, answer.signal.code) == (SignalStatus.EXPIRED, "signal_expired")
        assert Decimal(answer.signal.numbers["age_seconds"]) > Decimal(answer.signal.numbers["max_seconds"])


async def test_the_sources_defaults_complete_a_signal(services):
    source = await source_id(services, stop_loss_percent=Decimal(2), take_profit_percent=Decimal(4))
    (answer,) = await store_signals(services, source, coming(await says(services, stop_loss=None, take_profit=None)))
    assert answer.signal.status is SignalStatus.ACTIVE
    assert answer.signal.stop_loss_percent == 2
    assert answer.signal.take_profits == (Level(percent=Decimal(4)),)
    with pytest.raises(NotFound):
        await store_signals(services, 999, coming(await says(services)))


async def test_payloads_and_signals_without_a_trade_are_forgotten_after_ninety_days(services):
    source = await source_id(services)
    await store_signals(services, source, coming(await says(services), await says(services, "ETHUSDT", leverage=1000)))
    async with services.pool.connection() as connection:
        await connection.execute("UPDATE signals SET received_at = received_at - interval '91 days'")
        await connection.execute("UPDATE signal_payloads SET received_at = received_at - interval '91 days'")
        await connection.commit()
        await retention.forget(connection)
    assert rows(services, "SELECT status FROM signals") == [("ACTIVE",)]
    assert rows(services, "SELECT count(*) FROM signal_payloads") == [(0,)]
