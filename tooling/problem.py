"""What a person can mend: one sentence on what is wrong and what to do, printed without a traceback."""

import errno


class Problem(Exception):
    """Raised anywhere in tooling; the command line prints it and ends with exit code 1."""


def problem_of(error: OSError) -> Problem | None:
    """The sentence for a system error that anybody may meet anywhere; None for those that are ours to mend."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Problem(f"The disk is full{where}: free some space and try again.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Problem(
            f"Not allowed to write or read{where}: {error.strerror}. Run ./heidi as the owner of the checkout."
        )
    return None
