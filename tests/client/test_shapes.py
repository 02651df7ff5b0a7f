"""The client's structs and wishes have the fields of the OpenAPI document, no more and no less."""

import json
from typing import get_args, get_type_hints

import msgspec
import pytest

from api.contract import document
from paperfleet.client import wishes
from paperfleet.client.answers import account, figures, market, signal, trade

SCHEMAS = json.loads(document())["components"]["schemas"]
WHOLE = [
    (trade.Trade, "LiveTradeView"),
    (trade.SymbolDetail, "SymbolDetail"),
    (trade.Exit, "ExitView"),
    (trade.Evidence, "Evidence"),
    (trade.PlannedTarget, "services_domain_view_TargetView"),
    (trade.Target, "Target"),
    (trade.Trailing, "Trailing"),
    (trade.Rules, "Rules"),
    (trade.Revision, "Revision"),
    (signal.Signal, "DecidedSignal"),
    (signal.Level, "Level"),
    (signal.Decision, "Decision"),
    (signal.WouldBe, "WouldBe"),
    (signal.DryRun, "Validation"),
    (account.Account, "AccountView"),
    (account.FeeRates, "FeeRates"),
    (account.Holdings, "Holdings"),
    (account.Booking, "LedgerEntry"),
    (account.Key, "ApiKey"),
    (account.NewKey, "KeyMade"),
    (account.Ticket, "TicketView"),
    (figures.Performance, "Performance"),
    (figures.Group, "Group"),
    (figures.Drawdown, "Drawdown"),
    (figures.EquityCurve, "EquityCurve"),
    (figures.EquityPoint, "EquityPoint"),
    (market.Instrument, "InstrumentView"),
    (market.Price, "Price"),
    (market.Chart, "Chart"),
    (market.Candle, "CandleView"),
    (market.Lag, "Lag"),
    (market.Halt, "Halt"),
]
PARTS = [
    (signal.Source, "SourceView"),
    (market.System, "SystemStatus"),
    (market.Fleet, "FleetState"),
    (market.Process, "Process"),
    (market.Usage, "Usage"),
]
"""Structs that leave fields out on purpose."""
SENT = [
    (wishes.NewTrade, "NewTrade"),
    (wishes.NewSignal, "PostedSignal"),
    (wishes.Overrides, "Overrides"),
    (wishes.Terms, "Terms"),
]
CHOICES = [
    (wishes.Market, "Market"),
    (wishes.Direction, "Direction"),
    (wishes.EntryType, "EntryType"),
    (wishes.FillModel, "FillModel"),
    (wishes.Scope, "Scope"),
    (wishes.GroupBy, "GroupBy"),
    (wishes.Timeframe, "Timeframe"),
]


def _is_nullable(schema):
    kinds = [each.get("type") for each in schema.get("oneOf", schema.get("anyOf", [schema]))]
    return any(kind == "null" or (isinstance(kind, list) and "null" in kind) for kind in kinds)


@pytest.mark.parametrize(("struct", "name"), WHOLE + PARTS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_struct_reads_what_the_document_says(struct, name):
    properties = SCHEMAS[name]["properties"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    assert not fields.keys() - properties.keys(), "fields that the API does not send"
    if (struct, name) in WHOLE:
        assert not properties.keys() - fields.keys(), "fields that the API sends and nobody reads"
    for key, field in fields.items():
        if _is_nullable(properties[key]) and "bar" not in key:
            assert type(None) in get_args(field.type), f"{key} may be null"


@pytest.mark.parametrize(("wish", "name"), SENT)
def test_a_wish_has_the_fields_that_are_taken(wish, name):
    assert get_type_hints(wish).keys() == SCHEMAS[name]["properties"].keys()
    if wish is not wishes.Terms:
        assert wish.__required_keys__ == set(SCHEMAS[name].get("required", ()))


@pytest.mark.parametrize(("choice", "name"), CHOICES)
def test_choices_are_those_of_the_document(choice, name):
    assert set(get_args(choice)) == {value for value in SCHEMAS[name]["enum"] if value is not None}
