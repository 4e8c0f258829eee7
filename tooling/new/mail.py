"""A message's first text in every language: it greets and signs as the others do, and a person says the rest."""

import json
from pathlib import Path

from tooling.new.plan import FORMS, Plan

MAILS = Path("functions/notification/mails")
FROM_RIGHT = ("ar", "fa")  # there, a value stands between isolating marks
VALUES = ("{{ what }}", "{{ city }}")


def text(plan: Plan, template: str) -> None:
    """Write it where there is none."""
    for language, parts in json.loads((FORMS / "mail.json").read_text("utf-8")).items():
        path = MAILS / f"{language}.json"
        mails = json.loads(plan.text(path))
        if template in mails:
            return
        greeting, *_, signature = mails["invitation"]["body"].split("\n\n")
        mails[template] = {
            "subject": isolated(language, parts["subject"]),
            "body": "\n\n".join((greeting, isolated(language, parts["sentence"]), signature)),
        }
        plan.files[path] = json.dumps(mails, ensure_ascii=False, indent=2) + "\n"
    plan.left.append(f"{MAILS}/*.json: {template} says that there is news; say what it is, in all ten")


def isolated(language: str, sentence: str) -> str:
    """With marks around its values, where it runs from right to left."""
    for value in VALUES if language in FROM_RIGHT else ():
        sentence = sentence.replace(value, f"\u2068{value}\u2069")
    return sentence
