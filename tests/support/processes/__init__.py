"""Real processes of tests: how they are started, watched, signalled and ended.

`server` is the base of servers in the foreground (also of `activemq` and `postgresql` beside this package);
`broker`, `supervisord`, `monitor`, `web_console` and `agents` each run one kind of process; `foreground` runs
a command in its own process group, `terminal` in tmux, `account` as another user. `site` and `testbed` are
whole homes: in a site single commands run beside a broker, in a testbed supervisord runs the programs.
"""
