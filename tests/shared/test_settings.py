"""Settings: the names of Appendix B, durations, and a start that is refused with every reason at once."""

import pytest

from shared.kit.settings import Settings, SettingsError, settings
from shared.runtime import required_secrets


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch):
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_durations_are_written_as_in_appendix_b(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_EXPIRATION", "15m")
    monkeypatch.setenv("JWT_REFRESH_EXPIRATION", "7d")
    assert (settings().jwt_expiration, settings().jwt_refresh_expiration) == (900, 604_800)


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PORT", "many")
    monkeypatch.setenv("BCRYPT_ROUNDS", "99")
    with pytest.raises(SettingsError) as refused:
        settings()
    assert "POSTGRES_PORT" in str(refused.value)
    assert "BCRYPT_ROUNDS" in str(refused.value)


def test_production_does_not_start_without_the_secrets_of_what_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError) as refused:
        required_secrets.check()
    for name in (
        "JWT_KEYS",
        "JWT_REFRESH_SECRET",
        "BROKER_TOKEN_HASHES",
        "INTERNAL_TOKEN",
        "ENCRYPTION_KEY",
        "LETTER_KEY",
    ):
        assert name in str(refused.value)
    with pytest.raises(SettingsError, match="JWT_KEYS"):
        required_secrets.check({"shared.auth.keys"})
    required_secrets.check(set())


def test_a_known_secret_is_no_secret_in_production_although_nothing_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("JWT_SECRET", Settings.model_fields["jwt_secret"].default.get_secret_value())
    with pytest.raises(SettingsError, match="JWT_SECRET") as refused:
        settings()
    assert Settings.model_fields["jwt_secret"].default.get_secret_value() not in str(refused.value)


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY", "LETTER_KEY"])
@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ("k" * 40, False),
        ("n" * 40 + "," + "k" * 40, False),
        ("n" * 40 + ",short", True),
        ("n" * 40 + ",", True),
        ("", True),
    ],
)
def test_every_key_that_seals_or_opens_must_be_long_in_production(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, *, is_refused: bool
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv(name, given)
    whose = {module for module, wanted in required_secrets.NEEDS.items() if name in wanted}
    if is_refused:
        with pytest.raises(SettingsError, match=name):
            required_secrets.check(whose)
    else:
        required_secrets.check(whose)


def test_every_token_of_the_platform_must_be_long_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("BROKER_TOKEN", f"{'t' * 40},")
    with pytest.raises(SettingsError, match="BROKER_TOKEN"):
        settings()


def test_a_secret_may_come_from_a_mounted_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "jwt_secret").write_text("from-a-file-" + "x" * 32)
    monkeypatch.delenv("JWT_SECRET", raising=False)
    monkeypatch.setattr("shared.kit.settings.MOUNTS", (str(tmp_path),))
    assert settings().jwt_secret.get_secret_value().startswith("from-a-file-")
