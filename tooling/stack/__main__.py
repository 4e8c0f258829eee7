"""The supervisor in the background: `python -m tooling.stack FD`, where FD takes its reports."""

import sys

from tooling.stack.up import as_daemon

as_daemon(int(sys.argv[1]))
