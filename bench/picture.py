"""A picture of what requests cost: bars, one group a kind of request, from results that a bench has kept.

    python -m bench.http_cost --keep cost.json && python -m bench.picture cost.json [others.json …] >
    docs/pictures/cost.svg

A file holds `{kind of request: {whose: CPU seconds per 1,000 requests}}`; several are laid together, so that the
results of others (measured in the same hour on the same machine) stand beside ours. Readable in light and dark,
in black and white, and aloud: every bar has its number, the title says what is shown.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

Costs = dict[str, dict[str, float]]
WIDTH, LABEL, BAR, GAP, NUMBER = 760, 190, 18, 22, 70
STYLE = """text{font:14px system-ui,sans-serif;fill:#1c1c1c}.kind{font-weight:600}.ours{fill:#0b57a4}.other{fill:#9aa5b1}
@media(prefers-color-scheme:dark){text{fill:#e8e8e8}.ours{fill:#6db3f2}.other{fill:#66707a}}"""


def together(files: list[Path]) -> Costs:
    """All results by kind of request; the order is that of the first file."""
    costs: Costs = {}
    for file in files:
        for kind, found in json.loads(file.read_text(encoding="utf-8")).items():
            costs.setdefault(kind, {}).update(found)
    return costs


def drawn(costs: Costs) -> str:
    """The whole picture."""
    most = max(value for found in costs.values() for value in found.values())
    bars = list(laid_out(costs, most))
    height = bars[-1][0] + BAR + GAP
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t">
<title id="t">CPU seconds of the server per 1,000 requests; less is better</title>
<style>{STYLE}</style>
{chr(10).join(text for _, text in bars)}
</svg>
"""


def laid_out(costs: Costs, most: float) -> Iterator[tuple[int, str]]:
    """Each line of the picture with its height on the page: the kinds' names, and their bars from the
    longest.
    """
    y = 0
    for kind, found in costs.items():
        y += GAP
        yield y, f'<text class="kind" x="0" y="{y}">{escape(kind)}</text>'
        y += 8
        for whose, value in sorted(found.items(), key=lambda each: -each[1]):
            yield y, bar(y, whose, value, most)
            y += BAR + 4


def bar(y: int, whose: str, value: float, most: float) -> str:
    """One bar, whose it is before it, its number behind it."""
    length = max(1.0, (WIDTH - LABEL - NUMBER) * value / most)
    look = "ours" if whose == "ours" else "other"
    return (
        f'<text x="0" y="{y + 14}">{escape(whose)}</text>'
        f'<rect class="{look}" x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}">{value:.3f}</text>'
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("files", nargs="+", type=Path)
    print(drawn(together(options.parse_args().files)), end="")


if __name__ == "__main__":
    main()
