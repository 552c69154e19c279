"""Messages in and out over STOMP; import the module that is needed, so that nothing else is loaded.

messages    what is sent and what arrives
link        the narrow Protocol of a broker connection, and its state
connection  the connection over stomp.py
publisher   sends in order and loses nothing
backlog     what is on its way
outbox      writes down before anything is sent
subscriber  one subscription, a handler, acknowledgement after the work
recorder    stores what others send, exactly once
embedded    finds or starts the embedded broker
address     where the broker is, asked again for each attempt
"""
