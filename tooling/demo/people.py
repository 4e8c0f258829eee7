"""The scenes about people: who gets in, who does not, and how somebody leaves."""

import io
import re
import secrets
import zipfile
from typing import Any

from tooling.demo.stage import Person, Stage, expect, member, until
from tooling.seed.accounts import DEMO_PASSWORD

HOME = "heidelberg"
PASSWORD = "Kiesel-Anker-Ofen-39"  # noqa: S105 (of people who exist for a minute)


def token_in(mail: dict[str, Any]) -> str:
    """What the link in a mail carries behind its #."""
    found = re.search(r"#token=([^\s&]+)", mail["text"])
    expect("the mail holds a link with a token", holds=found is not None)
    return found[1] if found else ""


def citizen(stage: Stage, address: str) -> Person:
    """Somebody who has registered, followed the link in the mail, and logged in."""
    stranger = stage.anonymous(HOME)
    stranger.call(
        "POST",
        "/api/auth/register",
        expect=202,
        json={"email": address, "name": "Mira Vogt", "password": PASSWORD},
    )
    stranger.call(
        "POST",
        "/api/auth/verify-email",
        expect=201,
        json={"token": token_in(stage.mail(address, "bestätigen"))},
    )
    return stage.login(HOME, address, PASSWORD)


def somebody_registers(stage: Stage) -> None:
    """A citizen registers; nobody learns from us who has an account, and a link works once."""
    address = f"mira-{secrets.token_hex(3)}@citizens.example"
    mira = stage.props["mira"] = citizen(stage, address)
    stranger = stage.anonymous(HOME)
    answers = [
        stranger.call("POST", "/api/auth/forgot-password", expect=202, json={"email": who})
        for who in (address, "nobody@citizens.example")
    ]
    expect("known and unknown addresses get one answer", holds=answers[0] == answers[1])
    token = token_in(stage.mail(address, "Neues Passwort"))
    stranger.call(
        "POST", "/api/auth/reset-password", expect=204, json={"token": token, "password": f"{PASSWORD}!"}
    )
    stranger.call(
        "POST", "/api/auth/reset-password", expect=410, json={"token": token, "password": f"{PASSWORD}!"}
    )
    mira.call("GET", "/api/auth/me", expect=401)
    stage.props["mira"] = stage.login(HOME, address, f"{PASSWORD}!")
    stage.say("Registered by mail; the new password has ended the old session at the very next call.")


def a_guest_stays(stage: Stage) -> None:
    """A phone without an account marks a favourite; its owner registers later and still has it."""
    made = stage.anonymous(HOME).call(
        "POST", "/api/auth/guest", expect=201, json={"deviceId": secrets.token_hex(8)}
    )
    guest = Person(stage, HOME, made["accessToken"])
    listing = guest.call("GET", "/api/listings", params={"limit": 1})["items"][0]["id"]
    guest.call("PUT", f"/api/users/me/favorites/{listing}", expect=204)
    address = f"noah-{secrets.token_hex(3)}@citizens.example"
    guest.call(
        "POST",
        "/api/auth/guest/convert",
        expect=202,
        json={
            "email": address,
            "name": "Noah Kern",
            "password": PASSWORD,
            "deviceSecret": made["deviceSecret"],
        },
    )
    stage.anonymous(HOME).call(
        "POST", "/api/auth/guest/confirm", json={"token": token_in(stage.mail(address, "bestätigen"))}
    )
    kept = stage.login(HOME, address, PASSWORD).call("GET", "/api/users/me/favorites")["items"]
    expect("the favourite is still there", holds=listing in str(kept))
    stage.say("The guest is a person now, with the favourite of before.")


def an_admin_needs_two_factors(stage: Stage) -> None:
    """The new city asks a second factor of its admins: until then their token opens nothing else."""
    import pyotp

    slug, admin, password = stage.props["new city"]
    stage.login(slug, admin, password).call(
        "PATCH", f"/api/cities/{slug}", json={"requireSecondFactor": True}, headers={"If-Match": "*"}
    )
    kim = until(lambda: restricted(stage, slug, admin, password), "the rule is known everywhere")
    kim.call("GET", "/api/users", expect=403)
    secret = kim.call("POST", "/api/auth/second-factor", expect=201, json={"password": password})["secret"]
    codes = kim.call("POST", "/api/auth/second-factor/confirm", json={"code": pyotp.TOTP(secret).now()})[
        "recoveryCodes"
    ]
    asked = stage.anonymous(slug).call(
        "POST", "/api/auth/login", json={"email": admin, "password": password, "tenantId": slug}
    )
    expect(
        "the password alone is answered with a question",
        holds="challenge" in asked and "accessToken" not in asked,
    )
    answer = {"challenge": asked["challenge"], "code": codes[0]}
    signed_in = stage.anonymous(slug).call("POST", "/api/auth/login/second-factor", json=answer)
    stage.anonymous(slug).call("POST", "/api/auth/login/second-factor", expect=401, json=answer)
    stage.props["kim"] = Person(stage, slug, signed_in["accessToken"])
    stage.say("Password, then a code that works once; a recovery code stood in for the phone.")


def restricted(stage: Stage, slug: str, admin: str, password: str) -> Person | None:
    """The admin with a token that opens only what they need to set up a second factor; None while it opens
    more.
    """
    tokens = stage.anonymous(slug).call(
        "POST", "/api/auth/login", json={"email": admin, "password": password, "tenantId": slug}
    )
    return Person(stage, slug, tokens["accessToken"]) if tokens.get("only") else None


def new_terms_wait_for_everyone(stage: Stage) -> None:
    """New terms of use: whoever has not accepted them reads on, but does not write."""
    kim: Person = stage.props["kim"]
    terms = kim.call(
        "POST", "/api/users/terms", expect=201, json={"texts": {"de": "<p>Seid freundlich zueinander.</p>"}}
    )
    until(lambda: write(kim, 201, 403).get("error"), "the terms bind")
    kim.call("GET", "/api/categories")
    kim.call("POST", "/api/users/me/terms", json={"version": terms["version"]})
    write(kim, 201)
    stage.say("Version 1 was accepted, and the same call went through.")


def write(person: Person, *expected: int) -> Any:
    """Try to make a category."""
    return person.call(
        "POST", "/api/categories", expect=expected, json={"names": {"de": f"Neues {secrets.token_hex(4)}"}}
    )


def support_looks_over_a_shoulder(stage: Stage) -> None:
    """A super admin acts in an editor's name, with a reason, for half an hour; the city sees it, and the
    audit names both.
    """
    chief = stage.login("platform", "super-admin@platform.example", DEMO_PASSWORD)
    chief.city = HOME
    editor = member(stage, "editor", HOME).call("GET", "/api/auth/me")["id"]
    reason = f"Ticket {secrets.token_hex(2)}: der Entwurf ist verschwunden"
    lent = chief.call("POST", "/api/auth/impersonate", json={"userId": editor, "reason": reason})
    borrowed = Person(stage, HOME, lent["accessToken"])
    expect(
        "the token says whose and by whom",
        holds=borrowed.call("GET", "/api/auth/me")["impersonatorId"] is not None,
    )
    borrowed.call(
        "POST", "/api/auth/change-password", expect=403, json={"currentPassword": "x", "newPassword": "y"}
    )
    admin = member(stage, "city_admin", HOME)
    expect("the city's admins see it", holds=reason in str(admin.call("GET", "/api/auth/impersonations")))
    borrowed.call("POST", "/api/auth/impersonate/stop", expect=204)
    borrowed.call("GET", "/api/auth/me", expect=401)
    query = {"action": "impersonation.started"}
    seen = until(
        lambda: admin.call("GET", "/api/audit", params=query)["items"] or None, "an entry of the audit"
    )
    expect("the audit names the person", holds=seen[0]["data"]["userId"] == editor)
    stage.say("Seen by the city, ended at once, and in the audit under both names.")


def somebody_leaves(stage: Stage) -> None:
    """The citizen takes all their data along, from every service, and deletes the account."""
    mira: Person = stage.props["mira"]
    packed = until(lambda: whole(mira), "all services have answered")
    archive = zipfile.ZipFile(io.BytesIO(packed))
    names = set(archive.namelist())
    expect(
        "every service has given its part",
        holds={"auth.json", "users.json", "core.json", "audit.json"} <= names,
    )
    expect("nothing is missing, and it says so", holds=b'"complete": true' in archive.read("manifest.json"))
    mira.call("DELETE", "/api/users/me", expect=204)
    mira.call("GET", "/api/auth/me", expect=401)
    stage.say(f"{len(names)} files in one archive; the account has ended, and is erased in 30 days.")


def whole(person: Person) -> bytes | None:
    """The archive; None while it is gathered."""
    answer = person.call("GET", "/api/users/me/export", expect=(200, 202))
    return answer if isinstance(answer, bytes) else None


def the_log_holds(stage: Stage) -> None:
    """The city's audit shows who changed what, before and after, in a chain that shows when it was altered."""
    admin = member(stage, "city_admin", HOME)
    query = {"action": "record.update", "resourceType": "listing", "limit": 50}
    decided = until(
        lambda: (
            [
                e
                for e in admin.call("GET", "/api/audit", params=query)["items"]
                if e.get("after", {}).get("status") == "published"
            ]
            or None
        ),
        "the change of a listing",
    )
    expect("before and after are there", holds=decided[0]["before"]["status"] == "pending_approval")
    report = admin.call("GET", "/api/audit/verify")
    expect("the chain is intact", holds=report["intact"])
    stage.say(
        f"{report['head']} entries, every link checked; a listing went from pending to published by an admin's hand."
    )


SCENES = (
    somebody_registers,
    a_guest_stays,
    an_admin_needs_two_factors,
    new_terms_wait_for_everyone,
    support_looks_over_a_shoulder,
    somebody_leaves,
    the_log_holds,
)
