"""Who called and which host was meant, behind proxies that are trusted to say so (TRUST_FORWARDED_FOR)."""
from shared.http import Request
from shared.settings import settings


def host_of(request: Request) -> str:
    """The host name that was called; platforms rewrite Host to reach a function, and forward the caller's."""
    forwarded = request.header("x-forwarded-host") if settings().trust_forwarded_for else ""
    return forwarded.partition(",")[0].strip() or request.header("host")


def client_address(request: Request) -> str:
    """The caller's address; a forwarded one counts only behind a proxy that is trusted to set it."""
    forwarded = request.header("x-forwarded-for") if settings().trust_forwarded_for else ""
    return forwarded.rpartition(",")[2].strip() or str(request.environ.get("REMOTE_ADDR", ""))

