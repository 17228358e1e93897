/* The states of a book that follows a market: what each means is written in llt_sync.h. */
#ifndef LLT_SYNC_STATE_H
#define LLT_SYNC_STATE_H

typedef enum {
    LLT_SYNC_DISCONNECTED,
    LLT_SYNC_BUFFERING,
    LLT_SYNC_SNAPSHOT,
    LLT_SYNC_REPLAY,
    LLT_SYNC_LIVE,
    LLT_SYNC_STALE,
    LLT_SYNC_GAP,
    LLT_SYNC_INVALID,
    LLT_SYNC_STATES
} llt_sync_state;

#endif
