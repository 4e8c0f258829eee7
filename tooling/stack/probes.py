"""Is a server ready? Asked with the fewest possible imports, because start-up time matters."""

import http.client
import socket
from contextlib import suppress


def http_ready(port: int, path: str) -> bool:
    """Whether GET answers with success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def redis_ready(port: int, password: str) -> bool:
    """Whether it answers PING; while it loads its data it answers with an error."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as link:
        link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (chunk := link.recv(256)):
            answer += chunk
        return answer.startswith(b"+OK\r\n+PONG")
    return False
