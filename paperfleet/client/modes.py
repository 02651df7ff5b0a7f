"""How a described request becomes a method: one that blocks, or one that is awaited, of the same description."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from paperfleet.client.calls import Call, Page

P = ParamSpec("P")
T = TypeVar("T")


class Blocking:
    """Mark of what waits for its answer."""


class Awaiting:
    """Mark of what is awaited."""


M = TypeVar("M", Blocking, Awaiting)


class Sender(Protocol):
    """What carries calls: a client of either mode. What it returns is an answer, or the promise of one."""

    def send(self, call: Call[Any]) -> Any:
        """The answer to one call."""

    def pages(self, call: Call[Page[Any]]) -> Any:
        """An iterator over the results of all pages."""

    def lines(self, call: Call[None]) -> Any:
        """An iterator over the lines of an answer that is a text file."""


class Resource(Generic[M]):
    """A part of the API: its methods are described once, the client that carries it decides how they wait."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender


class _Described(Generic[P]):
    """A method by its description."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Any]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    def _bound(self, instance: Resource[Any], carry: Callable[[Call[Any]], Any]) -> Callable[P, Any]:
        def ask(*arguments: P.args, **named: P.kwargs) -> Any:
            return carry(self._describe(instance, *arguments, **named))

        return update_wrapper(ask, self._describe)


class operation(_Described[P], Generic[P, T]):  # noqa: N801 - a decorator
    """A method that describes one request; on a client it answers with what the request answers."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, instance: Resource[Any], owner: type) -> Callable[P, Any]:
        return self._bound(instance, instance.sender.send)


class listing(_Described[P], Generic[P, T]):  # noqa: N801 - a decorator
    """A method that describes a list; on a client it iterates over it, page after page, as far as one reads."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Page[T]]]) -> None:
        super().__init__(describe)

    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, instance: Resource[Any], owner: type) -> Callable[P, Any]:
        return self._bound(instance, instance.sender.pages)


class streaming(_Described[P], Generic[P]):  # noqa: N801 - a decorator
    """A method that describes a text file of any length; on a client it iterates over its lines as they come."""

    @overload
    def __get__(self, instance: Resource[Blocking], owner: type) -> Callable[P, Iterator[str]]: ...
    @overload
    def __get__(self, instance: Resource[Awaiting], owner: type) -> Callable[P, AsyncIterator[str]]: ...
    def __get__(self, instance: Resource[Any], owner: type) -> Callable[P, Any]:
        return self._bound(instance, instance.sender.lines)
