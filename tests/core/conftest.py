"""Files go to the local object store, for the tests that say so."""

from tests.adapters.conftest import servers, thirdparty

__all__ = ["servers", "thirdparty"]
