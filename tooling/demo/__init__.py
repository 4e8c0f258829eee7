"""The story of requirements, played over HTTP against the running stack: for a person to watch, and as a
test.
"""

from tooling.demo.player import play

__all__ = ["play"]
