"""What each client frame does; a raised Rejected becomes the ERROR frame."""

from collections.abc import Callable

from .frames import Frame, Rejected
from .login import connect
from .message import TEMPORARY, Message, from_frame
from .session import Handlers, Session, Transaction
from .subscribe import subscribe, unsubscribe
from .subscriptions import Subscription

ACK_LENGTH = 40
ACTION_BYTES = 400  # a frame of a transaction without its message, measured


def send(session: Session, frame: Frame) -> None:
    """SEND: to the destination, or into the transaction."""
    headers = frame.headers
    broker = session.broker
    name = headers.get("destination")
    if not name:
        raise Rejected("SEND received without a Destination specified!")
    if "reply-to" in headers and headers["reply-to"].startswith(TEMPORARY):
        headers["reply-to"] = broker.temporary(session, headers["reply-to"])
        frame.plain = False
    target = broker.targets.get(name) or broker.target(session, name)
    message = from_frame(frame, target.header, broker.new_message_id())
    if "transaction" in headers:
        _hold(session, frame, lambda: _publish(session, name, message), message)
    else:
        target.publish(message, session)
    session.confirm(frame)


def _publish(session: Session, name: str, message: Message) -> None:
    target = session.broker.targets.get(name) or session.broker.target(session, name)
    target.publish(message, session)


def _hold(session: Session, frame: Frame, action: Callable[[], None], message: Message | None = None) -> None:
    transaction = _transaction(session, frame)
    limits = session.broker.limits
    size = ACTION_BYTES + (len(message.tail) if message else 0)
    if session.uncommitted_bytes + size > limits.transaction_bytes:
        raise Rejected(f"The connection's transactions are larger than {limits.transaction_bytes} bytes")
    if session.broker.uncommitted_bytes + size > limits.transactions_bytes:
        raise Rejected(f"All transactions together are larger than {limits.transactions_bytes} bytes")
    if len(transaction.actions) >= limits.transaction_frames:
        raise Rejected(f"The transaction has more than {limits.transaction_frames} frames")
    transaction.size += size
    session.count_uncommitted(size)
    transaction.actions.append(action)


def _transaction(session: Session, frame: Frame) -> Transaction:
    name = frame.headers.get("transaction")
    if not name:
        raise Rejected("Must specify the transaction you are committing")
    try:
        return session.transactions[name]
    except KeyError:
        raise Rejected(f"Invalid transaction id: {name}") from None


def begin(session: Session, frame: Frame) -> None:
    """BEGIN."""
    name = frame.headers.get("transaction")
    if not name:
        raise Rejected("Must specify the transaction you are beginning")
    if name in session.transactions:
        raise Rejected(f"The transaction was already started: {name}")
    session.transactions[name] = Transaction()
    session.confirm(frame)


def commit(session: Session, frame: Frame) -> None:
    """COMMIT: written to the journal as one, or undone where a message is refused."""
    # The transaction ends whatever becomes of it: after an ERROR the connection is closed (STOMP 1.2, ERROR).
    transaction = _ended(session, frame)
    with session.broker.journal.atomic(session):
        for action in transaction.actions:
            action()
    session.confirm(frame)


def abort(session: Session, frame: Frame) -> None:
    """ABORT: messages are dropped, acknowledgements undone."""
    _ended(session, frame)
    session.confirm(frame)


def _ended(session: Session, frame: Frame) -> Transaction:
    transaction = _transaction(session, frame)
    del session.transactions[frame.headers["transaction"]]
    session.count_uncommitted(-transaction.size)
    return transaction


def ack(session: Session, frame: Frame) -> None:
    """ACK."""
    subscription, number = _acknowledged(session, frame)
    if "transaction" in frame.headers:
        _hold(session, frame, lambda: _settle(session, subscription, number))
    else:
        subscription.acknowledge(number, session)
    session.confirm(frame)


def _settle(session: Session, subscription: Subscription, number: int) -> None:
    if number in subscription.unacknowledged:
        subscription.acknowledge(number, session)


def nack(session: Session, frame: Frame) -> None:
    """NACK, which STOMP 1.0 does not have."""
    if session.version == "1.0":
        raise Rejected("NACK is not a command of STOMP 1.0")
    subscription, number = _acknowledged(session, frame)
    if "transaction" in frame.headers:
        _hold(session, frame, lambda: _refuse(session, subscription, number))
    else:
        subscription.refuse(number, session)
    session.confirm(frame)


def _refuse(session: Session, subscription: Subscription, number: int) -> None:
    if number in subscription.unacknowledged:
        subscription.refuse(number, session)


def _acknowledged(session: Session, frame: Frame) -> tuple[Subscription, int]:
    headers = frame.headers
    # STOMP 1.2, ACK: `id` is the ack header of the MESSAGE. 1.1: message-id, subscription. 1.0: message-id.
    if session.version == "1.2":
        name = headers.get("id", "")
        key, _, number = name.partition("-")
        numeric = key.isdecimal() and number.isdecimal() and len(name) <= ACK_LENGTH
        subscription = session.keys.get(int(key)) if numeric else None
        if subscription is not None:
            return subscription, int(number)
        raise Rejected(f"Unexpected ACK received for message-id [{name}]")
    name = headers.get("message-id", "")
    wanted = headers.get("subscription")
    if wanted is None:  # STOMP 1.0: the message-id alone
        candidates = [*session.subscriptions.values()]
    else:
        candidates = [session.subscriptions[wanted]] if wanted in session.subscriptions else []
    for candidate in candidates:
        found = candidate.number_of(name)
        if found is not None:
            return candidate, found
    raise Rejected(f"Unexpected ACK received for message-id [{name}]")


def disconnect(session: Session, frame: Frame) -> None:
    """DISCONNECT."""
    # STOMP 1.2, DISCONNECT: the receipt says that all frames before it have been handled
    session.confirm(frame)
    session.finish()


HANDLERS: Handlers = {
    "SEND": send,
    "ACK": ack,
    "NACK": nack,
    "SUBSCRIBE": subscribe,
    "UNSUBSCRIBE": unsubscribe,
    "BEGIN": begin,
    "COMMIT": commit,
    "ABORT": abort,
    "CONNECT": connect,
    "STOMP": connect,
    "DISCONNECT": disconnect,
}
