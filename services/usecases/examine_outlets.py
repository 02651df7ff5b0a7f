"""Examines what goes out to users' endpoints: messages that wait or are dead, and outlets that were switched off."""

from collections.abc import Iterable

from services.db.outlet_status import OutletStatus
from services.domain.finding import Finding, doubt, fine
from services.usecases.context import Services
from services.usecases.read_outlet_status import read_outlet_status

BACKLOG_SECONDS = 900.0


async def examine_outlets(services: Services) -> list[Finding]:
    """Webhooks and notifications of everybody."""
    told = await read_outlet_status(services)
    return [_deliveries(told), _outlets(told)]


def _deliveries(told: Iterable[OutletStatus]) -> Finding:
    late = [
        f"{each.kind}: {each.waiting} wait, the oldest for {each.backlog_seconds:,.0f} s"
        for each in told
        if each.backlog_seconds > BACKLOG_SECONDS
    ]
    dead = [f"{each.kind}: {each.dead} given up" for each in told if each.dead]
    if late or dead:
        mend = "docs/runbook.md#deliveries; owners send dead ones again with `paperfleet webhooks replay`, or drop them"
        return doubt("deliveries", ", ".join([*late, *dead]), mend)
    return fine("deliveries", "none waits long, none was given up")


def _outlets(told: Iterable[OutletStatus]) -> Finding:
    off = [f"{each.kind}: {each.switched_off} switched off" for each in told if each.switched_off]
    if off:
        mend = "their endpoints were gone for days: docs/runbook.md#deliveries; owners switch them on once they answer"
        return doubt("outlets", ", ".join(off), mend)
    return fine("outlets", "the fleet has switched none off")
