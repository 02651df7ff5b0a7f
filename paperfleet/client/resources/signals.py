"""`client.signals`: say signals, try one out, import many, read what became of them."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Unpack

from paperfleet.client.answers.signal import DryRun, ImportReport, Signal
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, keyed, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import Direction, Market, NewSignal

_signal = reading(Signal)
_signals = reading(Page[Signal])
IMPORT_SECONDS = 900.0
_dry_run = reading(DryRun)
_report = reading(ImportReport)


class Signals(Resource[M]):
    """Signals of one's own sources, of followed and of public ones."""

    @listing
    def list(
        self,
        *,
        source_id: Sequence[int] = (),
        status: Sequence[str] = (),
        market_type: Market | None = None,
        symbol: str | None = None,
        direction: Direction | None = None,
        strategy: str | None = None,
        timeframe: str | None = None,
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        limit: int = PAGE_LIMIT,
    ) -> Call[Page[Signal]]:
        """Newest first; `limit` is how many come at a time, not in all."""
        query = {
            "source_id": source_id or None,
            "status": status or None,
            "market_type": market_type,
            "symbol": symbol,
            "direction": direction,
            "strategy": strategy,
            "timeframe": timeframe,
            "from": since,
            "to": until,
            "limit": limit,
        }
        return Call("GET", "/api/signals/", _signals, query=query)

    @operation
    def read(self, signal_id: int) -> Call[Signal]:
        """One signal, with what one's own accounts decided."""
        return Call("GET", f"/api/signals/{segment(signal_id)}/", _signal)

    @operation
    def say(self, *, idempotency_key: str | None = None, **signal: Unpack[NewSignal]) -> Call[Signal]:
        """Store a signal of the source named `source`, which is made at first use; who follows it trades.

        Raises Invalid or Conflict where it breaks a rule; `numbers["signal_id"]` is the REJECTED signal.
        """
        return Call("POST", "/api/signals/", _signal, body=signal, headers=keyed(idempotency_key))

    @operation
    def dry_run(self, **signal: Unpack[NewSignal]) -> Call[DryRun]:
        """What saying it would do now, on each account that follows. Nothing is stored."""
        return Call("POST", "/api/signals/validate/", _dry_run, body=signal, repeatable=True)

    @operation
    def cancel(self, signal_id: int) -> Call[Signal]:
        """It makes no further trades; those that it made stay."""
        return Call("POST", f"/api/signals/{segment(signal_id)}/cancel/", _signal)

    @operation
    def import_csv(
        self, file: bytes, *, source: str = "import", idempotency_key: str | None = None
    ) -> Call[ImportReport]:
        """Store the rows of a CSV file, whose first row names the columns as alerts name their fields.

        Old ones become EXPIRED records. The same file sent again to the same source stores nothing more, unless it
        comes with another `idempotency_key`.
        """
        return Call(
            "POST",
            "/api/signals/import/",
            _report,
            query={"source": source},
            content=file,
            media="text/csv",
            headers=keyed(idempotency_key or hashlib.sha256(file).hexdigest()),
            seconds=IMPORT_SECONDS,
        )
