/* The stamps of llt_arch.h run forward and bracket work; exit 0, or 1 and a line that says what was not so. */
#include <inttypes.h>
#include <stdio.h>

#include "llt_arch.h"

int main(void) {
    uint64_t last = llt_ticks_start(), grown = 0;
    for (int i = 0; i < 100000; i++) {
        uint32_t core;
        uint64_t start = llt_ticks_start();
        llt_keep(llt_multiply_8((uint64_t)i));
        uint64_t stop = llt_ticks_stop_core(&core);
        if (start < last || stop < start) {
            return printf("%s: stamp %" PRIu64 " after %" PRIu64 "\n", LLT_ARCH, start, last), 1;
        }
        grown += stop - last;
        last = stop;
    }
    llt_pause();
    return grown ? 0 : (printf("%s: the counter stands still\n", LLT_ARCH), 1);
}
