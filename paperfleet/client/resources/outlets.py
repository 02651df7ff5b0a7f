"""`client.webhooks` and `client.notifications`: where events go, and what became of each delivery."""

from collections.abc import Sequence
from typing import ClassVar, Unpack

from paperfleet.client.answers.outlet import Affected, Delivery, Target, Trial, Webhook, WebhookSecret
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, given, keyed, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import DeliveryState, NewOutlet, OutletChanges

_webhook = reading(Webhook)
_webhooks = reading(Page[Webhook])
_secret = reading(WebhookSecret)
_target = reading(Target)
_targets = reading(Page[Target])
_trial = reading(Trial)
_deliveries = reading(Page[Delivery])
_affected = reading(Affected)


class _Outlets(Resource[M]):
    """What webhooks and notification targets have in common."""

    root: ClassVar[str]

    @operation
    def delete(self, outlet_id: int) -> Call[None]:
        """With everything that waits for it. Accounts that are live by a webhook go back to paper."""
        return Call("DELETE", f"{self.root}{segment(outlet_id)}/", nothing)

    @operation
    def test(self, outlet_id: int) -> Call[Trial]:
        """Sends a message once, now, and tells what came of it."""
        return Call("POST", f"{self.root}{segment(outlet_id)}/test/", _trial)

    @listing
    def deliveries(
        self, outlet_id: int, *, state: DeliveryState | None = None, limit: int = PAGE_LIMIT
    ) -> Call[Page[Delivery]]:
        """Newest first; delivered ones are kept for 7 days, dead letters (`state="dead"`) for 30."""
        query = {"state": state, "limit": limit}
        return Call("GET", f"{self.root}{segment(outlet_id)}/deliveries/", _deliveries, query=query)

    @operation
    def replay(
        self,
        outlet_id: int,
        *,
        delivery_ids: Sequence[int] | None = None,
        all_dead: bool | None = None,
        stream: str | None = None,
        from_sequence: int | None = None,
        to_sequence: int | None = None,
        idempotency_key: str | None = None,
    ) -> Call[Affected]:
        """Deliver again under the same ids: some, all dead letters, or a stream's events of these numbers."""
        which = {"delivery_ids": delivery_ids, "all_dead": all_dead, "stream": stream}
        body = given(which | {"from_sequence": from_sequence, "to_sequence": to_sequence})
        return Call(
            "POST", f"{self.root}{segment(outlet_id)}/replay/", _affected, body=body, headers=keyed(idempotency_key)
        )

    @operation
    def drop(
        self, outlet_id: int, *, delivery_ids: Sequence[int] | None = None, all_dead: bool | None = None
    ) -> Call[Affected]:
        """Forget some that wait or are dead, or all dead letters."""
        body = given({"delivery_ids": delivery_ids, "all_dead": all_dead})
        return Call("POST", f"{self.root}{segment(outlet_id)}/drop/", _affected, body=body)


class Webhooks(_Outlets[M]):
    """Signed messages to one's own endpoints."""

    root = "/api/webhooks/"

    @listing
    def list(self) -> Call[Page[Webhook]]:
        """One's own."""
        return Call("GET", self.root, _webhooks)

    @operation
    def create(self, *, idempotency_key: str | None = None, **webhook: Unpack[NewOutlet]) -> Call[WebhookSecret]:
        """It gets what happens from now on. The signing secret is told this once."""
        return Call("POST", self.root, _secret, body=webhook, headers=keyed(idempotency_key))

    @operation
    def read(self, outlet_id: int) -> Call[Webhook]:
        """How it is doing."""
        return Call("GET", f"{self.root}{segment(outlet_id)}/", _webhook)

    @operation
    def edit(self, outlet_id: int, **changes: Unpack[OutletChanges]) -> Call[Webhook]:
        """Another `url` has to be verified again. Enabling goes on where it had stopped."""
        return Call("PATCH", f"{self.root}{segment(outlet_id)}/", _webhook, body=changes)

    @operation
    def rotate(self, outlet_id: int, *, idempotency_key: str | None = None) -> Call[WebhookSecret]:
        """Another signing secret; for a day messages bear two signatures."""
        path = f"{self.root}{segment(outlet_id)}/rotate/"
        return Call("POST", path, _secret, headers=keyed(idempotency_key))

    @operation
    def verify(self, outlet_id: int) -> Call[Webhook]:
        """Has the endpoint answer a challenge now, without which no account goes live by it. Raises Conflict."""
        return Call("POST", f"{self.root}{segment(outlet_id)}/verify/", _webhook)


class Notifications(_Outlets[M]):
    """Messages to people: Telegram, Discord, mail and others, by Apprise URLs."""

    root = "/api/notifications/"

    @listing
    def list(self) -> Call[Page[Target]]:
        """One's own."""
        return Call("GET", self.root, _targets)

    @operation
    def create(self, *, idempotency_key: str | None = None, **target: Unpack[NewOutlet]) -> Call[Target]:
        """It gets what happens from now on. Its URL is not told again."""
        return Call("POST", self.root, _target, body=target, headers=keyed(idempotency_key))

    @operation
    def read(self, outlet_id: int) -> Call[Target]:
        """How it is doing."""
        return Call("GET", f"{self.root}{segment(outlet_id)}/", _target)

    @operation
    def edit(self, outlet_id: int, **changes: Unpack[OutletChanges]) -> Call[Target]:
        """Enabling forgets past failures and goes on where it had stopped."""
        return Call("PATCH", f"{self.root}{segment(outlet_id)}/", _target, body=changes)
