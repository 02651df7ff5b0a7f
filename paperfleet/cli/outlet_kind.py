"""Webhooks and notification targets, as the commands for either see them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paperfleet.client import Client


@dataclass(frozen=True)
class Kind:
    """A kind of outlet: its part of the client, what one is called, and the attribute that says where it leads."""

    part: str
    thing: str
    where: str

    def of(self, client: "Client") -> Any:
        """The part of the client that has these."""
        return getattr(client, self.part)
