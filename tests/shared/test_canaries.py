"""What we take of libraries without their promise: when a new version fails here, this is what it changed."""

import inspect
from collections.abc import Iterator

import boto3
import httpx
import pytest
import redis
import redis.connection
from pg8000 import core, dbapi
from pg8000.converters import PY_TYPES, make_param
from pg8000.native import to_statement

from shared.db.pg import Connection, discard, pool
from shared.kit.settings import settings
from shared.runtime.network import granian_core


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = pool(settings().postgres_database_prefix + "core").connect()
    yield made
    discard(made)


class TestPg8000:
    def test_the_socket_is_there_and_none_once_it_is_closed(self, connection: Connection) -> None:
        assert connection._usock.fileno() > 0
        connection.close()
        assert connection._usock is None

    def test_the_wire_is_a_file_that_is_read_written_and_flushed(self, connection: Connection) -> None:
        assert all(callable(getattr(connection._sock, name)) for name in ("read", "write", "flush"))

    def test_it_knows_whether_a_transaction_is_open(self, connection: Connection) -> None:
        assert connection._in_transaction is False
        connection.batch([("BEGIN", {})])
        assert connection._in_transaction is True
        connection.batch([("ROLLBACK", {})])

    @pytest.mark.parametrize(
        "name", ["SYNC_MSG", "EXECUTE_MSG", "DATA_ROW", "COMMAND_COMPLETE", "READY_FOR_QUERY"]
    )
    def test_messages_are_bytes(self, name: str) -> None:
        assert isinstance(getattr(core, name), bytes)

    def test_what_is_not_a_row_is_handled_by_a_table_of_its_methods(self, connection: Connection) -> None:
        assert {
            core.READY_FOR_QUERY,
            core.ROW_DESCRIPTION,
            core.ERROR_RESPONSE,
        } <= connection.message_types.keys()
        assert list(inspect.signature(core.CoreConnection.handle_ROW_DESCRIPTION).parameters) == [
            "self",
            "data",
            "context",
        ]

    def test_a_statement_is_prepared_under_a_name_with_its_columns_and_their_readers(
        self, connection: Connection
    ) -> None:
        name, columns, readers = connection.prepare_statement("SELECT 1 AS one", ())
        assert name.endswith(b"\0")
        assert [column["name"] for column in columns] == ["one"]
        assert [reader("1") for reader in readers] == [1]

    def test_a_context_keeps_an_error_and_how_to_read_a_row(self) -> None:
        made = core.Context("SELECT 1")
        assert made.error is None
        assert made.input_funcs is None or isinstance(made.input_funcs, list | tuple)

    def test_values_are_written_by_their_type_and_a_missing_one_is_named(self) -> None:
        assert make_param(PY_TYPES, 7) == "7"
        text, make_values = to_statement("SELECT :one")
        assert (text, make_values({"one": 1})) == ("SELECT $1", (1,))
        with pytest.raises(core.InterfaceError, match="two"):
            to_statement("SELECT :two")[1]({})

    def test_our_connection_is_one_that_sqlalchemy_can_use(self) -> None:
        assert issubclass(Connection, dbapi.Connection)
        assert not hasattr(core.CoreConnection, "batch")  # ours would hide theirs


class TestRedis:
    def test_a_connection_sends_a_command_and_reads_its_answer(self) -> None:
        pool = redis.ConnectionPool.from_url(settings().redis_url)
        made = pool.connection_class(**pool.connection_kwargs)
        made.connect()
        made.send_command("PING", check_health=False)
        assert made.read_response() in {b"PONG", "PONG"}
        assert made._get_socket().fileno() > 0
        made.disconnect()
        assert made._get_socket() is None


class TestGranian:
    @pytest.mark.parametrize("name", ["ASGIWorker", "CallbackScheduler", "SocketHolder", "WorkerSignal"])
    def test_the_core_has_what_the_server_is_made_of(self, name: str) -> None:
        assert hasattr(granian_core(), name)

    def test_a_worker_is_served_in_threads(self) -> None:
        assert callable(granian_core().ASGIWorker.serve_mtr)


def test_boto_lets_its_sockets_be_made_by_ours() -> None:
    client = boto3.session.Session().client(
        "s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert set(client._endpoint.http_session._pool_classes_by_scheme) == {"http", "https"}


def test_httpx_lets_its_sockets_be_made_by_ours() -> None:
    assert callable(httpx.HTTPTransport()._pool._network_backend.connect_tcp)
