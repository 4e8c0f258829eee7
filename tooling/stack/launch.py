"""Become another program that dies with its parent: `launch.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…` (-
for the same user).

A script of its own, because what it does between fork and exec is not safe in a process that has threads.
"""

import ctypes  # now: the other user may not be able to read the standard library
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, number: str, uid: str, gid: str, *command: str) -> None:
    """Give up root's rights first: the system forgets the wish when the user changes."""
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 (no shell wanted)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
