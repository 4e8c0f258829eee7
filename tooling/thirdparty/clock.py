"""Time as a parameter, so that a test can let a week pass."""

from collections.abc import Callable

Clock = Callable[[], float]
