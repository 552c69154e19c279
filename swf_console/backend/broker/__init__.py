"""The embedded broker: STOMP 1.0, 1.1 and 1.2 for one machine, as a process of its own.

Run as `python -m swf_console.backend.broker --state-dir DIR`. Only the standard library: it must be
up within a tenth of a second.
"""
