"""Ids that sort by time and that nobody has twice, also where a process has come from another."""

import os

from shared.kit.ids import new_id


def test_a_process_and_its_child_make_different_ones() -> None:
    new_id()  # some are drawn ahead by now
    reads, writes = os.pipe()
    if not (child := os.fork()):
        os.write(writes, str(new_id().int & ((1 << 62) - 1)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reads, 100)) != new_id().int & ((1 << 62) - 1)
    os.close(reads)
    os.close(writes)


def test_ten_thousand_are_ten_thousand() -> None:
    made = [new_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert {each.version for each in made} == {7}
