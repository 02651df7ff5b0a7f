"""`client.accounts` and `client.keys`: money, terms, bookings; the keys that programs show."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Unpack

from paperfleet.client.answers.account import Account, Booking, Holdings, Key, NewKey, Ticket
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, given, keyed, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import Scope, Terms

_account = reading(Account)
_accounts = reading(Page[Account])
_holdings = reading(Holdings)
_bookings = reading(Page[Booking])
_keys = reading(Page[Key])
_new_key = reading(NewKey)
_ticket = reading(Ticket)


class Accounts(Resource[M]):
    """One's own accounts, in USDT."""

    @listing
    def list(self) -> Call[Page[Account]]:
        """All of them."""
        return Call("GET", "/api/accounts/", _accounts)

    @operation
    def read(self, account_id: int) -> Call[Account]:
        """Balance, equity, what live trades hold back."""
        return Call("GET", f"/api/accounts/{segment(account_id)}/", _account)

    @operation
    def create(
        self, name: str, *, starting_balance: Decimal | str | None = None, idempotency_key: str | None = None
    ) -> Call[Holdings]:
        """Another account, with a first deposit."""
        body = given({"name": name, "starting_balance": starting_balance})
        return Call("POST", "/api/accounts/", _holdings, body=body, headers=keyed(idempotency_key))

    @operation
    def edit(self, account_id: int, **terms: Unpack[Terms]) -> Call[Account]:
        """Its name, and fees, fill model and limits of trades opened from now on."""
        return Call("PATCH", f"/api/accounts/{segment(account_id)}/", _account, body=terms)

    @operation
    def deposit(self, account_id: int, amount: Decimal | str, *, idempotency_key: str | None = None) -> Call[Holdings]:
        """So much more."""
        path = f"/api/accounts/{segment(account_id)}/deposits/"
        return Call("POST", path, _holdings, body={"amount": amount}, headers=keyed(idempotency_key))

    @operation
    def reset(
        self, account_id: int, *, balance: Decimal | str | None = None, idempotency_key: str | None = None
    ) -> Call[Holdings]:
        """Start over with `balance`, by one booking. Raises Conflict while trades are live."""
        path = f"/api/accounts/{segment(account_id)}/reset/"
        return Call("POST", path, _holdings, body=given({"balance": balance}), headers=keyed(idempotency_key))

    @listing
    def ledger(self, account_id: int, *, limit: int = PAGE_LIMIT) -> Call[Page[Booking]]:
        """Every booking, newest first."""
        path = f"/api/accounts/{segment(account_id)}/ledger/"
        return Call("GET", path, _bookings, query={"limit": limit})


class Keys(Resource[M]):
    """One's own API keys; needs a key with the scope admin, or a local run."""

    @listing
    def list(self, *, limit: int = PAGE_LIMIT) -> Call[Page[Key]]:
        """Newest first, ended ones included."""
        return Call("GET", "/api/keys/", _keys, query={"limit": limit})

    @operation
    def create(
        self,
        name: str,
        *,
        scopes: Sequence[Scope] = ("read",),
        days: int | None = 365,
        idempotency_key: str | None = None,
    ) -> Call[NewKey]:
        """A key for so many days, or until it is revoked (None). Its text is told this once."""
        body = {"name": name, "scopes": list(scopes), "days": days}
        return Call("POST", "/api/keys/", _new_key, body=body, headers=keyed(idempotency_key))

    @operation
    def rotate(self, key_id: int, *, overlap_hours: int = 24, idempotency_key: str | None = None) -> Call[NewKey]:
        """A new key in its place; the old one works on for the overlap."""
        path, body = f"/api/keys/{segment(key_id)}/rotate/", {"overlap_hours": overlap_hours}
        return Call("POST", path, _new_key, body=body, headers=keyed(idempotency_key))

    @operation
    def revoke(self, key_id: int) -> Call[None]:
        """It holds no longer."""
        return Call("DELETE", f"/api/keys/{segment(key_id)}/", nothing)

    @operation
    def ticket(
        self,
        *,
        account_ids: Sequence[int] | None = None,
        sources: Sequence[int] | None = None,
        prices: str | None = None,
    ) -> Call[Ticket]:
        """Lets a reader that can send no header open one event stream: `GET /api/events/?ticket=...`.

        It opens these channels and no others; all that the key may see, where none are named. An empty list names none.
        """
        body = given({"account_ids": account_ids, "sources": sources, "prices": prices})
        return Call("POST", "/api/events/tickets/", _ticket, body=body)
