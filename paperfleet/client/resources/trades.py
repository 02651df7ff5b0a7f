"""`client.trades`: list, open, read, edit, close, cancel, export paper trades."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Unpack

from paperfleet.client.answers.trade import Commanded, Revision, Target, Trade
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, given, keyed, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation, streaming
from paperfleet.client.wishes import NewTrade, Overrides, TradeFilter

_trade = reading(Trade)
_trades = reading(Page[Trade])
_revisions = reading(Page[Revision])
_ROOT = "/api/paper-trades/"
_RENAMED = {"since": "from", "until": "to"}


class Trades(Resource[M]):
    """Paper trades."""

    @listing
    def list(self, *, limit: int = PAGE_LIMIT, **which: Unpack[TradeFilter]) -> Call[Page[Trade]]:
        """Newest first; `limit` is how many come at a time, not in all."""
        return Call("GET", _ROOT, _trades, query=_query(which) | {"limit": limit})

    @streaming
    def export(self, **which: Unpack[TradeFilter]) -> Call[None]:
        """All that the same filter lists, as the lines of a CSV file: for a file's `writelines`, or a `csv.reader`."""
        return Call("GET", f"{_ROOT}export.csv", nothing, query=_query(which))

    @listing
    def positions(self, *, account_id: int | None = None, limit: int = PAGE_LIMIT) -> Call[Page[Trade]]:
        """Open trades, newest first, each with what it would bring now."""
        return Call("GET", f"{_ROOT}open_positions/", _trades, query={"account_id": account_id, "limit": limit})

    @operation
    def read(self, trade_id: int) -> Call[Trade]:
        """One trade. Raises NotFound."""
        return Call("GET", f"{_ROOT}{segment(trade_id)}/", _trade)

    @operation
    def open(self, *, idempotency_key: str | None = None, **trade: Unpack[NewTrade]) -> Call[Trade]:
        """A new trade. With an `idempotency_key` of your own the same call may be made again, by another process too.

        Raises Invalid naming the field, Conflict where balance, limits or prices do not allow it.
        """
        return Call("POST", _ROOT, _trade, body=trade, headers=keyed(idempotency_key))

    @operation
    def preview(self, **trade: Unpack[NewTrade]) -> Call[Trade]:
        """The trade that `open` would make now: size, margin, fee, liquidation price. Nothing is stored."""
        return Call("POST", f"{_ROOT}preview/", _trade, body=trade, repeatable=True)

    @operation
    def from_signal(
        self,
        signal_id: int,
        *,
        account_id: int | None = None,
        idempotency_key: str | None = None,
        **otherwise: Unpack[Overrides],
    ) -> Call[Trade]:
        """The trade that a signal asks for; at most one an account."""
        body = {"signal_id": signal_id, **given({"account_id": account_id}), **otherwise}
        return Call("POST", f"{_ROOT}create_from_signal/", _trade, body=body, headers=keyed(idempotency_key))

    @operation
    def edit(
        self,
        trade: Trade | int,
        *,
        stop_loss: Decimal | str | None = None,
        take_profit: Decimal | str | None = None,
        take_profits: Sequence[Target] | None = None,
        notes: str | None = None,
    ) -> Call[Commanded]:
        """Move stop or targets of a live trade, write its note.

        Given the trade as it was read, the edit is refused (Conflict) if it has changed meanwhile; given its id, not.
        """
        prices = {"stop_loss": stop_loss, "take_profit": take_profit, "take_profits": take_profits}
        body = given(prices | {"notes": notes})
        return Call("PATCH", f"{_ROOT}{_id(trade)}/", _commanded, body=body, headers=_match(trade))

    @operation
    def close(
        self,
        trade: Trade | int,
        *,
        fraction: Decimal | str | None = None,
        current_price: Decimal | str | None = None,
        idempotency_key: str | None = None,
    ) -> Call[Commanded]:
        """Close at the market, or a `fraction` of what remains; refused further than 1 % from `current_price`.

        Given the trade as it was read, a fraction is refused (Conflict) if the trade has changed meanwhile.
        """
        body = given({"fraction": fraction, "current_price": current_price})
        headers = keyed(idempotency_key) | ({} if fraction is None else _match(trade))
        return Call("POST", f"{_ROOT}{_id(trade)}/close_trade/", _commanded, body=body, headers=headers)

    @operation
    def cancel(self, trade: Trade | int, *, idempotency_key: str | None = None) -> Call[Commanded]:
        """Cancel one that still waits for its entry."""
        path = f"{_ROOT}{_id(trade)}/cancel_trade/"
        return Call("POST", path, _commanded, headers=keyed(idempotency_key))

    @operation
    def void(self, trade: Trade | int, reason: str) -> Call[Trade]:
        """Strike out one that was closed wrongly: it counts for nothing, but nothing is deleted. For admins."""
        return Call("POST", f"{_ROOT}{_id(trade)}/void/", _trade, body={"reason": reason})

    @operation
    def note(self, trade: Trade | int, notes: str) -> Call[Trade]:
        """Write the note on a trade, of a closed one too."""
        return Call("PUT", f"{_ROOT}{_id(trade)}/notes/", _trade, body={"notes": notes}, headers=_match(trade))

    @listing
    def revisions(self, trade: Trade | int) -> Call[Page[Revision]]:
        """Where stop and targets came to stand, oldest first."""
        return Call("GET", f"{_ROOT}{_id(trade)}/revisions/", _revisions, query={"limit": PAGE_LIMIT})


def _commanded(status: int, body: bytes) -> Commanded:
    return Commanded(_trade(status, body), is_applied=status != 202)


def _match(trade: Trade | int) -> dict[str, str]:
    return {"If-Match": f'"{trade.version}"'} if isinstance(trade, Trade) else {}


def _id(trade: Trade | int) -> str:
    identity: Any = trade.id if isinstance(trade, Trade) else trade
    return segment(identity)


def _query(which: TradeFilter) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value or None for name, value in which.items()}
