"""What faas-cli makes of function.yml and template/, step by step as its source does it."""

import shutil
from pathlib import Path

import yaml

from tooling.generate.stack import CHOSEN
from tooling.registry import ROOT


def shrinkwrapped(name: str, root: Path) -> Path:
    """What `FUNCTION=… faas-cli build --shrinkwrap -f function.yml` leaves: template, handler, and what
    `copy` names.
    """
    text = (ROOT / "function.yml").read_text().replace(CHOSEN, name)
    assert "$" not in text.partition("version:")[2]
    said = yaml.safe_load(text)
    function = said["functions"][name]
    template = ROOT / "template" / function["lang"]
    folder = yaml.safe_load((template / "template.yml").read_text())["handler_folder"]
    context = root / "build" / name
    shutil.copytree(template, context)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / function["handler"], context / folder, ignore=ignored)
    for extra in said["configuration"]["copy"]:
        shutil.copytree(ROOT / extra, context / folder / extra, ignore=ignored, dirs_exist_ok=True)
    return context
