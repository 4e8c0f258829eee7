"""One mail goes the whole way, to the local mail server."""

from tests.adapters.conftest import servers, thirdparty

__all__ = ["servers", "thirdparty"]
