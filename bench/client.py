"""A small load generator: N kept-alive connections, each its own thread, prepared requests in a fixed order."""
import json
import socket
import sys
import threading
import time


def answer(stream) -> tuple[int, int]:
    """Status and body length of one response."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return status, length


def work(port: int, requests: list[bytes], until: float, times: list[float], errors: list[int]) -> None:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream, number = connection.makefile("rb"), 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        connection.sendall(requests[number % len(requests)])
        status, _ = answer(stream)
        times.append(time.perf_counter() - started)
        if status >= 300:
            errors.append(status)
        number += 1


def main() -> None:
    """Arguments: port, connections, seconds, a file with requests as a JSON list. Prints one JSON line."""
    port, connections, seconds, path = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    with open(path) as file:
        requests = [text.encode() for text in json.load(file)]
    times: list[float] = []
    errors: list[int] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=work, args=(port, requests[i::connections], until, times, errors)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    print(json.dumps({"requests": len(times), "seconds": seconds, "errors": len(errors), "first_error": errors[:1],
                      "p50_ms": times[len(times) // 2] * 1000, "p99_ms": times[int(len(times) * 0.99)] * 1000}))


if __name__ == "__main__":
    main()
