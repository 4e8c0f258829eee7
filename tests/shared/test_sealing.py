"""What is sealed is read again with the right key, as being about the same thing, and in no other way."""

import base64

import pytest

from shared.kit.sealing import SealBroken, resealed, seal, unseal
from shared.kit.settings import settings
from tooling.stack.environment import entered

OLD, NEW = "o" * 40, "n" * 40


def test_what_is_sealed_comes_back_and_is_nowhere_to_be_read() -> None:
    sealed = seal("JBSWY3DPEHPK3PXP", about="Ada")
    assert unseal(sealed, about="Ada") == "JBSWY3DPEHPK3PXP"
    assert b"JBSWY3DPEHPK3PXP" not in base64.b64decode(sealed.partition(".")[2])
    assert sealed != seal("JBSWY3DPEHPK3PXP", about="Ada")


def test_moved_to_another_persons_row_it_does_not_open() -> None:
    with pytest.raises(SealBroken):
        unseal(seal("secret", about="Ada"), about="Bea")


@pytest.mark.parametrize("at", [0, 15, -1])
def test_altered_by_one_bit_it_does_not_open(at: int) -> None:
    name, _, rest = seal("secret", about="Ada").partition(".")
    raw = bytearray(base64.b64decode(rest))
    raw[at] ^= 1
    with pytest.raises(SealBroken):
        unseal(f"{name}.{base64.b64encode(raw).decode()}", about="Ada")


def test_a_new_key_seals_and_the_old_one_still_opens_until_it_is_gone() -> None:
    with entered({"ENCRYPTION_KEY": OLD}):
        before = seal("secret", about="Ada")
    with entered({"ENCRYPTION_KEY": f"{NEW},{OLD}"}):
        assert unseal(before, about="Ada") == "secret"
        after = seal("secret", about="Ada")
    with entered({"ENCRYPTION_KEY": NEW}):
        assert unseal(after, about="Ada") == "secret"
        with pytest.raises(SealBroken, match="no key"):
            unseal(before, about="Ada")


def test_what_is_used_wanders_to_the_new_key() -> None:
    with entered({"ENCRYPTION_KEY": OLD}):
        before = seal("secret", about="Ada")
        assert resealed(before, about="Ada") == before
    with entered({"ENCRYPTION_KEY": f"{NEW},{OLD}"}):
        after = resealed(before, about="Ada")
    with entered({"ENCRYPTION_KEY": NEW}):
        assert unseal(after, about="Ada") == "secret"


def test_the_name_of_a_key_does_not_tell_the_key() -> None:
    assert seal("secret", about="Ada").partition(".")[0] not in settings().encryption_key.get_secret_value()
