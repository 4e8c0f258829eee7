"""The story of the platform, over HTTP against the running stack; `./heidi demo` plays the same scenes for
people.
"""

from collections.abc import Callable

import pytest

from tooling.demo.scenes import SCENES
from tooling.demo.stage import Stage


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_story(stage: Stage, scene: Callable[[Stage], None]) -> None:
    scene(stage)
