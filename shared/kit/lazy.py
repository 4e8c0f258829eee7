"""A property that is made once, when it is first asked for, and never under a lock.

`functools.cached_property` of Python 3.11 holds one lock for all instances while one is made: whoever waits
for a connection inside would let every other call wait. Since 3.12 it is as this one; two threads that ask at
once may both make it.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 (it is written like a keyword, as property is)
    """`@lazy` instead of `@functools.cached_property`."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.make, self.name, self.__doc__ = make, make.__name__, make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        made = instance.__dict__[self.name] = self.make(instance)
        return made
