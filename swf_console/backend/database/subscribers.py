"""Who follows which destination."""

from .records.agents import Subscriber
from .sql.offset import Rows
from .tables.agents import subscribers

_c = subscribers.c

rows: Rows[Subscriber] = Rows(
    subscribers,
    _c.subscriber_id,
    Subscriber,
    columns={name: _c[name] for name in Subscriber.__dataclass_fields__},
    filters={"subscriber_name": _c.subscriber_name, "is_active": _c.is_active},
    order=(_c.subscriber_id,),
)
