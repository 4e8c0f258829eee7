"""What can be said of a run of entries: that every link holds, or which is the first that does not."""

from typing import NamedTuple

from functions.audit.entries.entry import Sequence
from shared.schema import Schema


class BrokenLink(Schema):
    """The first entry that is not what was recorded: its hash should be `expected`, and is `found`; null is
    no entry.
    """

    sequence: Sequence
    expected: str | None = None
    found: str | None = None


class ChainOut(Schema):
    """What was checked: the entries from `first`, `checked` of them; `next` is where to go on, null at the
    end.

    `head` and `headHash` are the newest entry's. Written down elsewhere, they prove later that nothing before
    was rewritten.
    """

    intact: bool
    first: Sequence
    checked: int
    head: int
    head_hash: str
    next: int | None = None
    broken: BrokenLink | None = None


class Run(NamedTuple):
    """A run of entries as queries.VERIFY finds it; hashes in hexadecimal."""

    first: int
    before: str | None
    checked: int
    last_hash: str | None
    head: int
    head_hash: str
    broken: int | None
    expected: str | None
    found: str | None

    def report(self, limit: int) -> ChainOut:
        """The run's verdict; `limit` is how many entries it would have held at most."""
        whole = self.checked < limit
        broken = self.first_break() or (self.end() if whole else None)
        return ChainOut(
            intact=broken is None,
            first=self.first,
            checked=self.checked,
            head=self.head,
            head_hash=self.head_hash,
            next=None if whole or broken else self.first + self.checked,
            broken=broken,
        )

    def first_break(self) -> BrokenLink | None:
        """The first link of the run that does not hold, if there is one."""
        if self.before is None:
            return BrokenLink(sequence=self.first - 1)
        return (
            BrokenLink(sequence=self.broken, expected=self.expected, found=self.found)
            if self.broken
            else None
        )

    def end(self) -> BrokenLink | None:
        """What is wrong with the end of the log: entries cut off, added or exchanged; None when it ends at
        its head.
        """
        last, hash_ = self.first + self.checked - 1, self.last_hash or self.before
        if last > self.head:
            return BrokenLink(sequence=self.head + 1, found=hash_ if last == self.head + 1 else None)
        if last < self.head:
            return BrokenLink(sequence=last + 1, expected=self.head_hash if last + 1 == self.head else None)
        return (
            BrokenLink(sequence=last, expected=self.head_hash, found=hash_)
            if hash_ != self.head_hash
            else None
        )
