"""Mail and push go to the local servers that speak SMTP, FCM and APNs."""

from tests.adapters.conftest import servers, thirdparty

__all__ = ["servers", "thirdparty"]
