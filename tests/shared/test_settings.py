"""Settings: the names of Appendix B, durations, and a start that is refused with every reason at once."""

import pytest

from shared.settings import Settings, SettingsError, settings


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


def test_production_does_not_start_with_secrets_that_everybody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError) as refused:
        settings()
    assert "JWT_SECRET" in str(refused.value)
    assert "BROKER_TOKEN" in str(refused.value)
    assert Settings.model_fields["jwt_secret"].default.get_secret_value() not in str(refused.value)


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
    monkeypatch: pytest.MonkeyPatch, given: str, *, is_refused: bool
) -> None:
    for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "BROKER_TOKEN"):
        monkeypatch.setenv(name, name[-1] * 40)
    monkeypatch.setenv("POSTGRES_PASSWORD", "p")
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("ENCRYPTION_KEY", given)
    if is_refused:
        with pytest.raises(SettingsError, match="ENCRYPTION_KEY"):
            settings()
    else:
        assert settings().encryption_key.get_secret_value() == given


def test_every_token_of_the_platform_must_be_long_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "ENCRYPTION_KEY", "POSTGRES_PASSWORD"):
        monkeypatch.setenv(name, name[-1] * 40)
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("BROKER_TOKEN", f"{'t' * 40},")
    with pytest.raises(SettingsError, match="BROKER_TOKEN"):
        settings()


def test_a_secret_may_come_from_a_mounted_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "jwt_secret").write_text("from-a-file-" + "x" * 32)
    monkeypatch.delenv("JWT_SECRET", raising=False)
    monkeypatch.setattr("shared.settings.MOUNTS", (str(tmp_path),))
    assert settings().jwt_secret.get_secret_value().startswith("from-a-file-")
