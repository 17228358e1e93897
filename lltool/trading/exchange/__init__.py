"""The simulated exchange: recorded or random market data, order entry, and faults on demand. Loopback only.

market       the exchange's own books: what is streamed, what a snapshot says, whom own orders meet
simulation   a random market of Binance's form, by a seed
faults       which fault happens when: `drop@100`, `silence@200:3`
streams      WebSocket streams and REST depth, as Binance speaks them
feed         the packed feed over TCP and UDP
order_entry  what order entry of every form has in common: one paper exchange, one owner an order
fix_entry    order entry by FIX 4.4
packed_entry order entry by packed orders
server       all of it on one event loop: what `lltool trade exchange` runs
"""
