"""The base of every agent; authors import `swf_console.agent`."""
