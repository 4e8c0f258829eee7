"""A bill of materials (CycloneDX 1.6) of what is installed where it runs: Python's packages, and Debian's
around them.

python -m tooling.sbom > sbom.cdx.json
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from shutil import which
from typing import Any
from urllib.parse import quote

Component = dict[str, Any]
FORMAT = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\n"


def document() -> dict[str, Any]:
    """The whole bill; the same environment always has the same one."""
    found = {each["purl"]: each for each in (*python_packages(), *debian_packages())}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": [found[purl] for purl in sorted(found)],
    }


def python_packages() -> Iterator[Component]:
    """Every distribution on the path, with its licence where it names one by its SPDX expression."""
    for each in distributions():
        name = each.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        licence = each.metadata.get_all("License-Expression", [])
        yield component(name, each.version, f"pkg:pypi/{name}@{quote(each.version)}") | (
            {"licenses": [{"expression": licence[0]}]} if licence else {}
        )


def debian_packages() -> Iterator[Component]:
    """Every installed package, if this is a Debian."""
    if which("dpkg-query") is None:
        return
    release = platform.freedesktop_os_release()
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat", FORMAT], capture_output=True, text=True, check=True
    )
    for line in shown.stdout.splitlines():
        status, name, version, architecture = line.split("\t")
        if status == "installed":
            purl = f"pkg:deb/{release['ID']}/{quote(name)}@{quote(version, safe='')}?arch={architecture}"
            yield component(
                name, version, f"{purl}&distro={release['ID']}-{release.get('VERSION_ID', 'sid')}"
            )


def component(name: str, version: str, purl: str) -> Component:
    """One entry; its package URL names it everywhere."""
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
