"""Workspaces and artifacts go to the local object store."""

from tests.adapters.conftest import servers, thirdparty

__all__ = ["servers", "thirdparty"]
