"""The console's lists on PostgreSQL: the same rows in both directions, in every order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.settings import load_settings
from swf_console.backend.database.executions import ORDERS
from swf_console.backend.database.records.workflows import ExecutionFilter
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.pages import DefinitionsListed, ExecutionsListed, MessagesListed
from tests.support.history import add_execution, add_messages
from tests.unit.viewmodels.test_pages import all_pages

pytestmark = pytest.mark.postgresql


@pytest.fixture
def context(tmp_path: Path, postgresql_url: str) -> Iterator[ConsoleContext]:
    (tmp_path / "workflows").mkdir()
    environment = {"HOME": str(tmp_path), "SWF_DATABASE_URL": postgresql_url}
    settings = load_settings(environment, home=tmp_path)
    from swf_console.backend.database.connection.migrate import upgrade

    upgrade(settings.database_url)
    context = ConsoleContext(settings, "demo")
    yield context
    context.close()


def test_listed_pages_on_postgresql_equal_backwards(context: ConsoleContext) -> None:
    database = context.database()
    assert database.kind == "postgresql"
    for number in range(1, 10):
        status = ("completed", "failed", "terminated")[number % 3]
        add_execution(database, number, status=status, executed_by=("Ann", "bob", "_c")[number % 3 - 1])
    messages = add_messages(database, "stf_datataking-shifter-0001", 5)
    (definition,) = DefinitionsListed(context).page(None, 10).items
    for order in ORDERS:
        for wanted in (ExecutionFilter(), ExecutionFilter(definition_id=definition.id, namespace="demo")):
            listed = ExecutionsListed(context, wanted, order)
            forwards = all_pages(listed, lambda one: one.execution_id, backwards=False)
            assert len(set(forwards)) == 9
            assert all_pages(listed, lambda one: one.execution_id, backwards=True) == forwards[::-1]
            assert listed.count() == (9, True)
            assert {one.stf_count for one in listed.page(None, 20).items} == {10}
    listed_messages = MessagesListed(context, "stf_datataking-shifter-0001")
    assert all_pages(listed_messages, lambda one: one.message_id, backwards=True) == messages[::-1]
