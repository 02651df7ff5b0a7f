"""`client.system`: how the fleet stands, and what operators do about it."""

from paperfleet.client.answers.operations import Asked, AuditEntry, Books, Findings, Halts, PairLag, Queues, Void
from paperfleet.client.answers.system import System
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import Halted

_system = reading(System)
_findings = reading(Findings)
_halts = reading(Halts)
_lags = reading(Page[PairLag])
_queues = reading(Queues)
_voids = reading(Page[Void])
_audit = reading(Page[AuditEntry])
_asked = reading(Asked)
_books = reading(Books)
_ROOT = "/api/system/"


class Systems(Resource[M]):
    """The fleet. Everything that changes it, and `findings`, `books`, `queues`, `voids` and `audit`, is for admins."""

    @operation
    def read(self) -> Call[System]:
        """Trades, cycles, lag, request weight, what is stopped, who is alive."""
        return Call("GET", _ROOT, _system)

    @operation
    def findings(self) -> Call[Findings]:
        """What is wrong and how to mend it, as `paperfleet doctor` finds it. For admins."""
        return Call("GET", f"{_ROOT}findings/", _findings)

    @listing
    def lag(self, *, limit: int = 50) -> Call[Page[PairLag]]:
        """The pairs furthest behind, at most `limit` of each market, the worst first, each with its reason."""
        return Call("GET", f"{_ROOT}lag/", _lags, query={"limit": limit})

    @operation
    def halts(self) -> Call[Halts]:
        """What is stopped."""
        return Call("GET", f"{_ROOT}halts/", _halts)

    @operation
    def halt(self, what: Halted, reason: str) -> Call[Halts]:
        """Stop the fleet, or new trades only; live ones are followed to their end then."""
        return Call("PUT", f"{_ROOT}halts/{segment(what)}/", _halts, body={"reason": reason})

    @operation
    def resume(self, what: Halted) -> Call[Halts]:
        """Let it go on. Every pair is judged from where it was: no price is missed."""
        return Call("DELETE", f"{_ROOT}halts/{segment(what)}/", _halts)

    @operation
    def kill(self, reason: str) -> Call[Halts]:
        """The kill switch: no new trades, every account back to paper. Live trades are followed to their end."""
        return Call("POST", f"{_ROOT}kill/", _halts, body={"reason": reason}, repeatable=True)

    @operation
    def reconcile(self) -> Call[Asked]:
        """Have a worker compare the books now: `books` tells what it found, once as of `asked_at` or later."""
        return Call("POST", f"{_ROOT}reconcile/", _asked, repeatable=True)

    @operation
    def books(self) -> Call[Books]:
        """What the last reconciliation found."""
        return Call("GET", f"{_ROOT}books/", _books)

    @operation
    def queues(self) -> Call[Queues]:
        """Queues, dead letters, messages that were put aside, prices that are not believed yet."""
        return Call("GET", f"{_ROOT}queues/", _queues)

    @operation
    def retry_letter(self, letter_id: str) -> Call[None]:
        """Send a dead letter on its way again."""
        return Call("POST", f"{_ROOT}dead-letters/{segment(letter_id)}/retry/", nothing)

    @operation
    def drop_letter(self, letter_id: str) -> Call[None]:
        """Forget a dead letter."""
        return Call("DELETE", f"{_ROOT}dead-letters/{segment(letter_id)}/", nothing)

    @operation
    def clear_messages(self) -> Call[None]:
        """Forget the messages that were put aside; they are never run again."""
        return Call("DELETE", f"{_ROOT}quarantined-messages/", nothing)

    @operation
    def believe_price(self, key: str) -> Call[None]:
        """Without waiting for the exchange to repeat it: its next answer that tells the price counts."""
        return Call("POST", f"{_ROOT}quarantined-prices/{segment(key)}/believe/", nothing, repeatable=True)

    @operation
    def drop_price(self, key: str) -> Call[None]:
        """Forget a price that is not believed yet; the pair is asked again."""
        return Call("DELETE", f"{_ROOT}quarantined-prices/{segment(key)}/", nothing)

    @listing
    def voids(self, *, limit: int = PAGE_LIMIT) -> Call[Page[Void]]:
        """Trades that were struck out, newest first; `client.trades.void` strikes one out."""
        return Call("GET", f"{_ROOT}voids/", _voids, query={"limit": limit})

    @listing
    def audit(
        self, *, user_id: int | None = None, subject: str | None = None, limit: int = PAGE_LIMIT
    ) -> Call[Page[AuditEntry]]:
        """Who changed what, newest first: by one user only, about one table only."""
        query = {"user_id": user_id, "subject": subject, "limit": limit}
        return Call("GET", f"{_ROOT}audit/", _audit, query=query)
