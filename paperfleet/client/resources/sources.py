"""`client.sources`: where signals come from, who follows them, and what they came to."""

from typing import Any, Unpack

import msgspec

from paperfleet.client.answers.scorecard import CardLine, Scorecard
from paperfleet.client.answers.signal import DryRun, Received, Source, SourceSecret, SourceStatistics
from paperfleet.client.calls import PAGE_LIMIT, Call, Page, given, keyed, nothing, reading, segment
from paperfleet.client.modes import M, Resource, listing, operation
from paperfleet.client.wishes import CardBy, NewSource, Overrides, SourceSettings

_source = reading(Source)
_sources = reading(Page[Source])
_secret = reading(SourceSecret)
_statistics = reading(SourceStatistics)
_scorecard = reading(Scorecard)
_lines = reading(Page[CardLine])
_received = reading(Received)
_dry_run = reading(DryRun)
_ROOT = "/api/sources/"


class Sources(Resource[M]):
    """Sources of signals: one's own, followed and public ones."""

    @listing
    def list(self, *, limit: int = PAGE_LIMIT) -> Call[Page[Source]]:
        """Newest first."""
        return Call("GET", _ROOT, _sources, query={"limit": limit})

    @operation
    def create(self, *, idempotency_key: str | None = None, **source: Unpack[NewSource]) -> Call[Source]:
        """A source of a name that stays. Raises Conflict where one has it."""
        return Call("POST", _ROOT, _source, body=source, headers=keyed(idempotency_key))

    @operation
    def read(self, source_id: int) -> Call[Source]:
        """One source."""
        return Call("GET", f"{_ROOT}{segment(source_id)}/", _source)

    @operation
    def edit(self, source_id: int, **settings: Unpack[SourceSettings]) -> Call[Source]:
        """Other settings, for signals from now on."""
        return Call("PATCH", f"{_ROOT}{segment(source_id)}/", _source, body=settings)

    @operation
    def follow(self, source_id: int, *, account_id: int | None = None, **otherwise: Unpack[Overrides]) -> Call[Source]:
        """Its signals from now on become trades of an account, or do so otherwise than before."""
        body = given({"account_id": account_id}) | otherwise
        return Call("POST", f"{_ROOT}{segment(source_id)}/follow/", _source, body=body, repeatable=True)

    @operation
    def unfollow(self, source_id: int, *, account_id: int | None = None) -> Call[None]:
        """An account takes no further signals of it. What is open stays open."""
        body = given({"account_id": account_id})
        return Call("POST", f"{_ROOT}{segment(source_id)}/unfollow/", nothing, body=body, repeatable=True, removes=True)

    @operation
    def rotate_secret(self, source_id: int, *, idempotency_key: str | None = None) -> Call[SourceSecret]:
        """A secret for alerts, told this once; the one before is worth nothing from then on."""
        path = f"{_ROOT}{segment(source_id)}/rotate_secret/"
        return Call("POST", path, _secret, headers=keyed(idempotency_key))

    @operation
    def alert(self, secret: str, alert: Any) -> Call[Received]:
        """Post an alert as a chart or bot would: text or bytes as they are, anything else as JSON. Needs no key."""
        path = f"/api/webhooks/in/{segment(secret)}/"
        return Call("POST", path, _received, content=_body(alert), media="text/plain")

    @operation
    def dry_run_alert(self, source_id: int, alert: Any) -> Call[DryRun]:
        """What such an alert would do now, on each account of yours that follows the source. Nothing is stored."""
        path = f"{_ROOT}{source_id}/validate_alert/"
        return Call("POST", path, _dry_run, content=_body(alert), media="text/plain", repeatable=True)

    @operation
    def statistics(self, source_id: int) -> Call[SourceStatistics]:
        """What became of its signals of the last 90 days, and what one's own accounts decided."""
        return Call("GET", f"{_ROOT}{segment(source_id)}/statistics/", _statistics)

    @operation
    def scorecard(self, source_id: int, *, group_by: CardBy | None = None, seed: int | None = None) -> Call[Scorecard]:
        """What its signals came to on one's own accounts, beside bitcoin and random entries drawn by `seed`."""
        query = {"group_by": group_by, "seed": seed}
        return Call("GET", f"{_ROOT}{segment(source_id)}/scorecard/", _scorecard, query=query)

    @listing
    def scorecards(self) -> Call[Page[CardLine]]:
        """A line for every source whose signals were traded."""
        return Call("GET", f"{_ROOT}scorecards/", _lines)


def _body(alert: Any) -> bytes:
    content = alert.encode() if isinstance(alert, str) else alert
    return content if isinstance(content, bytes) else msgspec.json.encode(content)
