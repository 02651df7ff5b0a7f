"""Change an account's name and terms: fees, fill model, limits. They hold for trades made from then on."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from services.db import accounts
from services.db.accounts import Account
from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.fees import FeeRates
from services.domain.fills import FillModel
from services.domain.limits import Limits
from services.usecases.context import Services
from services.usecases.sign_in import check_name

FEE_MAX = Decimal("0.1")
COUNT_MAX = 1_000_000
MONEY_MAX = Decimal("1e15")


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall change; what is absent stays. A limit of null is none. Fee rates are fractions, 0.001 for 0.1 %."""

    name: str | UnsetType = UNSET
    fill_model: FillModel | UnsetType = UNSET
    spot_fees: FeeRates | UnsetType = UNSET
    futures_fees: FeeRates | UnsetType = UNSET
    max_open_trades: int | UnsetType | None = UNSET
    max_symbol_exposure: Decimal | UnsetType | None = UNSET
    max_leverage: int | UnsetType | None = UNSET


async def edit_account(services: Services, account_ids: Sequence[int], account_id: int, terms: Terms) -> Account:
    """The account with its new terms. Raises NotFound, Conflict, or InvalidInput naming the field."""
    given = {name: value for name in Terms.__struct_fields__ if (value := getattr(terms, name)) is not UNSET}
    _check(given)
    limits = {name: given.pop(name) for name in Limits.__struct_fields__ if name in given}
    async with services.pool.connection() as connection:
        account = await accounts.load(connection, account_id, lock=True) if account_id in account_ids else None
        if account is None:
            raise NotFound("no_such_account", f"there is no account {account_id}", field="id")
        new_name = given.get("name")
        if isinstance(new_name, str) and not await accounts.rename(connection, account_id, new_name):
            raise Conflict("name_taken", f"there is an account {new_name!r} already", field="name")
        new = msgspec.structs.replace(account, **given, limits=msgspec.structs.replace(account.limits, **limits))
        await accounts.set_terms(connection, new)
    return new


def _check(given: dict[str, object]) -> None:
    if not given:
        raise InvalidInput("nothing_to_change", f"give at least one of {', '.join(Terms.__struct_fields__)}")
    if isinstance(given.get("name"), str):
        check_name(str(given["name"]), "name")
    for name in ("spot_fees", "futures_fees"):
        rates = given.get(name)
        if isinstance(rates, FeeRates):
            for role in ("maker", "taker"):
                rate = getattr(rates, role)
                if not (rate.is_finite() and 0 <= rate <= FEE_MAX):
                    raise InvalidInput("fee_out_of_range", f"{role} must be 0 to {FEE_MAX}", field=f"{name}.{role}")
    for name, least in (("max_open_trades", 0), ("max_leverage", 1)):
        count = given.get(name)
        if isinstance(count, int) and not least <= count <= COUNT_MAX:
            raise InvalidInput("limit_out_of_range", f"{name} must be {least} to {COUNT_MAX}", field=name)
    exposure = given.get("max_symbol_exposure")
    if isinstance(exposure, Decimal) and not (exposure.is_finite() and 0 <= exposure < MONEY_MAX):
        rule = "max_symbol_exposure must be a finite amount, not negative"
        raise InvalidInput("limit_out_of_range", rule, field="max_symbol_exposure")
