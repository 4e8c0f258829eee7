"""A sealed backup: read back byte for byte, from wherever one likes, and nothing that was changed is taken
for it.
"""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tooling.backup import envelope
from tooling.backup.envelope import CHUNK, HEAD, TAG, Opening, Sealing, is_sealed
from tooling.command_failed import CommandFailed

PASSPHRASE = "correct horse battery"
WHOLE = CHUNK + TAG


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes guessing dear is not what is tested here."""
    monkeypatch.setattr("tooling.backup.secrets.COST", {"n": 2**4, "r": 8, "p": 1})


def sealed(plain: bytes, *sizes: int) -> bytes:
    file = io.BytesIO()
    with Sealing(file, PASSPHRASE) as writing:
        for size in (*sizes, len(plain)):
            writing.write(plain[:size])
            plain = plain[size:]
    return file.getvalue()


def opened(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return io.BufferedReader(Opening(io.BytesIO(content), passphrase)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_whatever_its_length_it_comes_back(size: int) -> None:
    plain = bytes(number % 251 for number in range(size))
    assert opened(sealed(plain, 1, 7, CHUNK)) == plain


def test_it_can_be_read_from_anywhere() -> None:
    plain = bytes(number % 251 for number in range(3 * CHUNK))
    file = io.BufferedReader(Opening(io.BytesIO(sealed(plain)), PASSPHRASE))
    for place in (2 * CHUNK + 5, 3, CHUNK - 1):
        file.seek(place)
        assert file.read(10) == plain[place : place + 10]
    assert file.seek(-4, io.SEEK_END) == len(plain) - 4
    assert file.read() == plain[-4:]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda data: data[:-30] + bytes([data[-30] ^ 1]) + data[-29:],
    "its salt": lambda data: data[: HEAD - 1] + bytes([data[HEAD - 1] ^ 1]) + data[HEAD:],
    "its last chunk is gone": lambda data: data[: HEAD + 2 * WHOLE],
    "its end is gone": lambda data: data[:-1],
    "it ends with its head": lambda data: data[:HEAD],
    "two chunks in each other's place": lambda data: (
        data[:HEAD]
        + data[HEAD + WHOLE : HEAD + 2 * WHOLE]
        + data[HEAD : HEAD + WHOLE]
        + data[HEAD + 2 * WHOLE :]
    ),
    "a chunk twice": lambda data: data[: HEAD + WHOLE] + data[HEAD:],
    "something behind it": lambda data: data + b"x" * 100,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_is_noticed(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(CommandFailed, match=r"damaged"):
        opened(change(sealed(b"x" * (2 * CHUNK + 500))))


def test_another_passphrase_opens_nothing_and_the_same_one_seals_no_two_files_alike() -> None:
    with pytest.raises(CommandFailed, match="passphrase does not open"):
        opened(sealed(b"x"), PASSPHRASE + "!")
    with pytest.raises(CommandFailed, match="12 letters"):
        Sealing(io.BytesIO(), "too short")
    assert sealed(b"x") != sealed(b"x")


def test_a_sealed_file_is_known_by_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(sealed(b""))
    (tmp_path / "b").write_bytes(b"heidi")
    assert [is_sealed(tmp_path / name) for name in "abc"] == [True, False, False]
    assert envelope.MAGIC.endswith(b"\n")
