"""What `heidi seed` puts into a fresh platform: two demonstration cities with their people, and the fixed
lists.

Repeatable without harm: what is there stays as it is, what is missing is added.
"""

from tooling.seed.steps import SEEDS, seed

__all__ = ["SEEDS", "logins", "seed", "seed_through_api", "welcome"]


def seed_through_api(base_url: str) -> None:
    """What needs the running stack: publish the seed's events now, give the chatbot its documents."""
    from tooling.seed.api import seed_through_api as run

    run(base_url)


def logins() -> str:
    """Who can log in, and with which password."""
    from tooling.seed.welcome import logins as tell

    return tell()


def welcome() -> str:
    """What to open and how to log in."""
    from tooling.seed.welcome import welcome as tell

    return tell()
