"""What surrounds the pipeline kernels: configuration, recorded and live feeds, the simulated exchange, paper orders.

From a market-data byte to an order byte the work is done in ``kernels/``; nothing of it runs Python:

    lltool.kernels.sync        one instrument's book by the exchange's sequence rules; trading only in LIVE
    lltool.kernels.strategy    what decides: the chapter's spread strategy, and the interface for your own
    lltool.kernels.pipeline    the packed feed: market data handler, book, strategy, risk, order serialisation and the
                               sockets, on one core or on two or three, joined by SPSC rings
    lltool.kernels.router      own orders, limits, money: the one way by which an order leaves
    lltool.kernels.desk        the same for an exchange's JSON messages, with the paper exchange beside it

    configuration   the TOML file: every key validated, every fault with its line
    socket_options  a TCP connection tuned as in 5.4.1, each option read back
    recording       recorded lines (``<local ns> <raw JSON>``) as events and levels
    replay          a recording through the book: what `lltool trade replay` reports
    paper_replay    the strategy on a recording, its orders on paper
    floor           the configuration as trading desks
    limits, paper_settings   the configuration as arguments of router, risk check and paper exchange
    log_file        the log of orders, fills and changes of state
    run_directory   what a run leaves for others while it goes on: kill switch, counters
    fix_session     a FIX 4.4 session, either side of it
    exchange/       the simulated exchange: what `lltool trade exchange` runs
    live/           live market data, paper orders, supervision: what `lltool trade run` runs
"""
