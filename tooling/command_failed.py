"""What a person can mend: one sentence on what is wrong and what to do, printed without a traceback."""

import errno


class CommandFailed(Exception):
    """Raised anywhere in tooling; the command line prints it and ends with exit code 1."""


def failure_of(error: OSError) -> CommandFailed | None:
    """The sentence for a system error that anybody may meet anywhere; None for those that are ours to mend."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CommandFailed(f"The disk is full{where}: free some space and try again.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return CommandFailed(
            f"Not allowed to write or read{where}: {error.strerror}. Run ./heidi as the owner of the checkout."
        )
    return None
