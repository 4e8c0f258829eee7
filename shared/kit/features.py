"""The opt-in modules of requirements §18.2, by the names under which functions ask for them; §18.1 is always
on.
"""

from typing import Literal, get_args

Feature = Literal[
    "onboarding",
    "poi_map",
    "theme_design",
    "admin_management",
    "multilingualism",
    "locations",
    "channels",
    "jobs",
    "spotar",
    "planning",
    "simplycard",
    "waste",
    "livechat",
    "ads",
    "mobile_dashboard",
    "defects",
    "surveys",
    "community",
    "chatbot",
]
MODULES: frozenset[str] = frozenset(get_args(Feature))
