"""The object store, for what cities keep in it."""

from tests.adapters.conftest import servers, thirdparty

__all__ = ["servers", "thirdparty"]
