"""Whose time a signal comes at: the exchange's, and ours where the exchange does not tell."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.market import Market
from services.usecases.store_signals import exchange_times
from tests.evaluation.exchange import stage

LONG_AGO, DAY = datetime(2025, 7, 1, tzinfo=UTC), timedelta(days=1)


async def test_signals_come_at_the_exchanges_time_and_without_it_at_ours(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
):
    told = asyncio.Event()

    async def late(_market: Market) -> datetime:
        await told.wait()
        return LONG_AGO

    async with stage(database_url, redis_url, LONG_AGO) as exchange, exchange.visit() as services:
        times = await exchange_times(services)
        assert times.keys() == set(Market)
        assert all(abs(time - LONG_AGO) < DAY for time in times.values())
        monkeypatch.setattr("services.usecases.store_signals.CLOCK_SECONDS", 0.01)
        monkeypatch.setattr(services.clock, "now", late)
        assert all(time > LONG_AGO + DAY for time in (await exchange_times(services)).values())
        told.set()
