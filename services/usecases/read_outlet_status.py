"""Read how webhooks and notifications are doing, over everybody's."""

from services.db import outlet_status
from services.db.outlet_status import OutletStatus
from services.usecases.context import Services


async def read_outlet_status(services: Services) -> list[OutletStatus]:
    """One entry a kind of outlet."""
    async with services.as_system().pool.connection(timeout=1) as connection:
        return await outlet_status.status(connection)
