"""SUBSCRIBE and UNSUBSCRIBE: which kind of subscription, and its options."""

from .destinations import TOPIC, check_name, is_pattern
from .frames import Frame, Rejected
from .selectors.parser import compile_selector
from .session import Session
from .subscriptions import AUTO, MODES, Browser, Durable, StoreSubscription, Subscription, TopicSubscription

DURABLE_NAMES = ("activemq.subscriptionName", "durable-subscription-name")
QUEUE_PREFETCH, TOPIC_PREFETCH, DURABLE_PREFETCH = 1000, 32_767, 100


def subscribe(session: Session, frame: Frame) -> None:
    """SUBSCRIBE; its receipt comes before the first message."""
    subscription = _add(session, frame)
    # Clients take what comes before the receipt for messages of an earlier subscription of the same id.
    session.confirm(frame)
    _start(session, subscription, frame)


def _add(session: Session, frame: Frame) -> Subscription:
    """Make the subscription; it gets nothing before `_start`."""
    headers = frame.headers
    destination = headers.get("destination")
    if not destination:
        raise Rejected("SUBSCRIBE received without a Destination specified!")
    name = headers.get("id")
    if name is None and session.version != "1.0":
        raise Rejected("SUBSCRIBE received without a subscription id!")
    key = name if name is not None else destination
    if key in session.subscriptions:
        raise Rejected(f"There is already a subscription with the id {key}")
    limits = session.broker.limits
    if len(session.subscriptions) >= limits.subscriptions:
        raise Rejected(f"The connection has {limits.subscriptions} subscriptions, as many as it may have")
    if session.broker.subscriptions >= limits.all_subscriptions:
        raise Rejected(f"The broker has {limits.all_subscriptions} subscriptions, as many as it allows")
    selector = compile_selector(headers["selector"]) if "selector" in headers else None
    subscription = _subscription(session, frame, destination, name)
    if not (isinstance(subscription, StoreSubscription) and isinstance(subscription.store, Durable)):
        subscription.selector = selector
    subscription.selector_text = headers.get("selector", "")
    session.subscriptions[key] = session.keys[subscription.key] = subscription
    session.broker.subscriptions += 1
    return subscription


def _subscription(session: Session, frame: Frame, destination: str, name: str | None) -> Subscription:
    headers = frame.headers
    broker = session.broker
    mode = headers.get("ack", AUTO)
    if mode not in MODES:
        raise Rejected(f"Unknown ack mode {mode!r}: auto, client or client-individual")
    shown = destination
    if not destination.startswith(TOPIC):
        destination = broker.own_name(session, destination)
    check_name(destination, wildcards=destination.startswith(TOPIC))
    key = broker.new_key()
    durable_name = _durable_name(headers)
    if destination.startswith(TOPIC) and durable_name is not None:
        if session.client_id == session.name:
            raise Rejected("A durable subscription needs a client-id on CONNECT")
        durable = broker.durables.activate(session, durable_name, destination, headers.get("selector", ""))
        prefetch = _prefetch(headers, DURABLE_PREFETCH)
        return StoreSubscription(session, key, name, shown, mode, prefetch, store=durable)
    if destination.startswith(TOPIC):
        name_of_topic = destination.removeprefix(TOPIC)
        if not is_pattern(name_of_topic):
            broker.topic(session, name_of_topic)
        return TopicSubscription(session, key, name, shown, mode, _prefetch(headers, TOPIC_PREFETCH))
    queue = broker.queue(session, destination)
    if len(queue.consumers) >= broker.limits.queue_consumers:  # each message may walk them all
        limit = broker.limits.queue_consumers
        raise Rejected(f"{queue.destination} has {limit} consumers, as many as a queue may have")
    prefetch = _prefetch(headers, QUEUE_PREFETCH)
    if headers.get("browser") == "true":
        return Browser(session, key, name, shown, mode, prefetch)
    return StoreSubscription(session, key, name, shown, mode, prefetch, store=queue)


def _durable_name(headers: dict[str, str]) -> str | None:
    return next((headers[one] for one in DURABLE_NAMES if headers.get(one)), None)


def _prefetch(headers: dict[str, str], default: int) -> int:
    text = headers.get("activemq.prefetchSize", "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else default


def _start(session: Session, subscription: Subscription, frame: Frame) -> None:
    broker = session.broker
    if isinstance(subscription, TopicSubscription):
        name = subscription.destination.removeprefix(TOPIC)
        broker.topics.add(name, subscription)
        broker.advisories.replay(name, subscription)
    elif isinstance(subscription, StoreSubscription):
        subscription.store.attach(subscription)
    elif isinstance(subscription, Browser):
        broker.browse(
            broker.queue(session, broker.own_name(session, frame.headers["destination"])), subscription
        )
    broker.advisories.consumer_added(subscription)


def unsubscribe(session: Session, frame: Frame) -> None:
    """UNSUBSCRIBE: end a subscription, or with its name a durable one for good."""
    headers = frame.headers
    key = headers.get("id") or headers.get("destination")
    if key is None:
        raise Rejected("UNSUBSCRIBE received without a subscription id!")
    subscription = session.subscriptions.get(key)
    durable_name = _durable_name(headers)
    if subscription is None and durable_name is None:
        raise Rejected("No subscription matched.")
    if subscription is not None:
        session.end_subscription(subscription)
    if durable_name is not None:
        session.broker.durables.remove(session, durable_name)
    session.confirm(frame)
