"""What shared/db/pg.py relies on in pg8000 and in Postgres."""

import pytest

from shared.db.pg import error_code
from shared.errors import Unavailable
from tests.support import City, superuser


def test_several_statements_travel_together_and_keep_their_rows_apart(city: City) -> None:
    with city.sql("core").pool.take() as connection:
        assert connection.batch(
            [("SELECT 1", {}), ("SELECT :a::int, :b::text", {"a": 2, "b": "ä"}), ("SELECT 3 WHERE false", {})]
        ) == [[[1]], [[2, "ä"]], []]


def test_an_error_in_a_batch_undoes_all_of_it_and_the_connection_lives_on(city: City) -> None:
    work = city.sql("core")
    insert = (
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e')",
        {"t": city.id},
    )
    with work.pool.take() as connection:
        with pytest.raises(Exception, match="division") as failed:
            connection.batch([work.guard, insert, ("SELECT 1 / 0", {})])
        assert error_code(failed.value) == "22012"
        assert not connection.in_transaction
        assert connection.batch([work.guard, ("SELECT count(*) FROM inbox", {})])[1] == [[0]]


def test_a_connection_that_died_while_idle_is_replaced_without_the_caller_noticing(city: City) -> None:
    work = city.sql("core")
    work.run("SELECT 1")
    work.commit()
    with superuser("postgres") as connection:
        connection.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'heidi\\_app\\_%' AND datname = :d",
            d=work.pool.parameters["database"],
        )
    again = city.sql("core")
    assert again.run("SELECT 2") == [[2]]
    again.commit()


def test_a_connection_that_dies_inside_a_transaction_is_an_error_not_a_silent_retry(city: City) -> None:
    work = city.sql("core")
    pid = work.run("SELECT pg_backend_pid()")[0][0]
    with superuser("postgres") as connection:
        connection.run("SELECT pg_terminate_backend(:pid)", pid=pid)
    with pytest.raises(Exception) as failed:
        work.run("SELECT 1")
    assert isinstance(failed.value, Unavailable) or error_code(failed.value) == "57P01"
    work.rollback()


def test_a_rolled_back_transaction_leaves_nothing(city: City) -> None:
    work = city.sql("core")
    work.run(
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e') RETURNING 1",
        t=city.id,
    )
    work.rollback()
    assert city.rows("core", "SELECT count(*) FROM inbox") == [[0]]


def test_a_statement_without_one_of_its_values_is_a_mistake_and_no_lost_connection(city: City) -> None:
    work = city.sql("core")
    with pytest.raises(TypeError, match="missing"):
        work.run("SELECT :present::int, :missing::int", present=1)
    work.rollback()
