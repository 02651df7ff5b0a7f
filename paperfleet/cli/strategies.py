"""`paperfleet strategies`: what the scanner looks for, and what had to be disabled."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperfleet.cli.processes import carried_out

if TYPE_CHECKING:
    from services.scanner.registry import AnyStrategy
    from services.usecases.context import Services
    from services.usecases.strategies import StrategyList


def strategies(
    enable: Annotated[str, typer.Option(metavar="NAME", help="Let this disabled strategy run again.")] = "",
) -> None:
    """Show the strategies with their parameters, those that had to be disabled, and what could not be loaded."""
    from services.usecases.strategies import enable_strategy, list_strategies

    async def asked(services: "Services") -> "StrategyList | None":
        if enable and not await enable_strategy(services, enable):
            return None
        return await list_strategies(services)

    found = carried_out(asked)
    if found is None:
        typer.echo(f"{enable} is not disabled; `paperfleet strategies` shows those that are", err=True)
        raise typer.Exit(1)
    _show(found)


def _show(found: "StrategyList") -> None:
    for strategy in found.strategies.values():
        typer.echo(f"{strategy.name}  ({strategy.kind}, looks back {strategy.lookback} candles)")
        typer.echo(f"  {summary(strategy)}")
        for name, value, bounds in parameters(strategy):
            typer.echo(f"    {name} = {value}  {bounds}".rstrip())
    for each in found.disabled:
        typer.echo(f"disabled since {each.disabled_at:%Y-%m-%d %H:%M}: {each.strategy}: {each.reason}")
        typer.echo(f"  once it is mended: paperfleet strategies --enable {each.strategy}")
    for problem in found.problems:
        typer.echo(f"left out: {problem.name}: {problem.reason}")


def summary(strategy: "AnyStrategy") -> str:
    """What it does, as its docstring begins."""
    first, _, _ = (strategy.__doc__ or "").partition("\n\n")
    return " ".join(first.split())


def parameters(strategy: "AnyStrategy") -> list[tuple[str, str, str]]:
    """Its parameters: name, value, and the bounds in words."""
    import msgspec

    schema: dict[str, Any] = msgspec.json.schema(strategy.parameters_type)
    [declared] = [each for each in schema["$defs"].values() if each["title"] == strategy.parameters_type.__name__]
    rows = []
    for name, field in declared["properties"].items():
        limits = [
            f"{words} {inner[key]}"
            for inner in (field, field.get("items", {}))
            if isinstance(inner, dict)
            for key, words in _LIMITS.items()
            if key in inner
        ]
        value = getattr(strategy.parameters, name)
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        rows.append((name, shown, f"[{', '.join(limits)}]" if limits else ""))
    return rows


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "above",
    "exclusiveMaximum": "below",
    "maxItems": "how many at most",
}
