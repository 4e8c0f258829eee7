"""kill -9: no event is lost, nothing happens twice, and the stack comes back by itself."""

import pytest

from tests.chaos.editors import Editors
from tests.stack import RunningStack, eventually

EVERYTHING = ("supervisor", "gateway", "broker", "thirdparty", "redis", "postgres")


def test_what_a_gateway_committed_and_could_not_publish_is_published_after_its_death(
    stack: RunningStack, editors: Editors
) -> None:
    with stack.frozen("broker"):  # publishing hangs
        editors.write(5)
        assert stack.unpublished() >= 5
        stack.kill("gateway")
        stack.wait_ready("gateway")
    editors.assert_everything_happened_once()


def test_what_a_broker_was_delivering_when_it_died_is_delivered_by_the_next(
    stack: RunningStack, editors: Editors
) -> None:
    with stack.frozen("thirdparty"):  # sending mail hangs
        editors.write(5)
        eventually(lambda: stack.in_flight() >= 1, "a batch of mails on its way")
        stack.kill("broker")
        stack.wait_ready("broker")
    editors.assert_everything_happened_once()


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_while_a_server_is_away_calls_are_refused_and_nothing_is_lost_or_doubled(
    stack: RunningStack, editors: Editors, name: str
) -> None:
    with editors.at_work():
        editors.wait_for_more()
        with stack.frozen("supervisor"):  # so that the server stays away long enough to be missed
            stack.kill(name)
            eventually(lambda: editors.refusals, "a refused call")
        editors.wait_for_more()
    assert (503, "UNAVAILABLE") in editors.refusals
    assert set(editors.refusals) <= {(503, "UNAVAILABLE"), (503, "BUSY")}  # too many wait on a busy machine
    editors.assert_everything_happened_once(but_a_mail_may_come_again=name == "postgres")


def test_calls_that_died_with_a_gateway_are_made_again_and_nothing_is_lost_or_doubled(
    stack: RunningStack, editors: Editors
) -> None:
    with editors.at_work():
        editors.wait_for_more()
        stack.kill("gateway")
        editors.wait_for_more()
    assert (0, "NO_ANSWER") in editors.refusals
    assert set(editors.refusals) <= {(0, "NO_ANSWER"), (503, "BUSY")}
    editors.assert_everything_happened_once(but_a_mail_may_come_again=True)


@pytest.mark.parametrize("names", [("supervisor",), EVERYTHING], ids=["supervisor", "everything"])
def test_when_the_whole_stack_has_died_the_next_up_goes_on_where_it_was(
    stack: RunningStack, editors: Editors, names: tuple[str, ...]
) -> None:
    with editors.at_work():
        editors.wait_for_more()
        stack.kill(*names)
        stack.heidi("up", "-d")
        editors.wait_for_more()
    editors.assert_everything_happened_once(but_a_mail_may_come_again=True)
