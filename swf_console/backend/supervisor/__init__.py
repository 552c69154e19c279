"""Processes under supervisord; import the module that is needed, so that nothing else is loaded.

records     what the room tells: processes, supervisord itself, outcomes
supervisor  the narrow Protocol of a supervisor
supervisord the real one, over XML-RPC on a unix socket
place       where the socket, the PID files and the logs of a home are
programs    agents that are not ours, and numbers of processes
environment what the programs get at their next start
explain     a state in words, with advice
logs        following a log file
pids        PID files, orphans
launch      what supervisord runs through swf_console.launch
ctl         swf_console.supervisorctl, the plugin through which supervisorctl finds its supervisord
"""
