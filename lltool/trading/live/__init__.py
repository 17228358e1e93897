"""Trading on live market data with orders on paper: what `lltool trade run` runs.

backoff      when to try again: full jitter, and no reset before the book has been live for a while
limits       how often the exchange lets one ask
snapshots    REST depth snapshots, Retry-After honoured
session      WebSocket market data: subscribe, ping, planned roll, serverShutdown, make before break
gateway      where orders go: the paper exchange in this process
fix_gateway  or an order entry session of the simulated exchange, by FIX on loopback
desk         one symbol: book, strategy, router and gateway joined
run          the whole system: start, watch, degrade, shut down
tightening   limits that change while it runs
supervision  the process that starts it, beats for it, and is missed when it dies
latencies    how long each stage took
counters     what is told once a second, through the supervisor, to the monitoring
report       what is told at the end
"""
