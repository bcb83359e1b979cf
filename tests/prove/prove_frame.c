/* SPDX-License-Identifier: MIT */
/* The receiver of frames: any bytes in any pieces, errors of the line, at any times. */
#include "frame.h"
#include "prove_any.h"

enum { PIECE = 300, PAYLOAD_MAX = 254 };

int main(void)
{
    static struct frame_receiver r;
    struct frame_request request = {r.bytes, 0, 0};
    uint8_t piece[PIECE];

    frame_init(&r);
    while (any_bool()) {
        uint32_t now = any_word();
        if (any_bool()) {
            size_t n = any_below(PIECE + 1u);
            size_t took;
            any_bytes(piece, PIECE);
            took = frame_take(&r, piece, n, now);
            /*@ assert takes_no_more: took <= n; */
        } else if (any_bool()) {
            frame_fail(&r, REASON_LINE, any_word(), now);
        } else if (any_bool()) {
            frame_forget(&r);
        }
        if (frame_poll(&r, now, &request) == FRAME_REQUEST) {
            touch(request.payload, request.payload_len);
            /*@ assert payload_fits: request.payload_len <= PAYLOAD_MAX; */
        }
        (void)frame_missing(&r);
    }
    return 0;
}
