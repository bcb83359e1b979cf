/* SPDX-License-Identifier: MIT */
/* Inside the DMA: dma.c (controllers, registers) and dma_stream.c (the items). Nobody else includes
 * it. */
#ifndef TWIN_DMA_H
#define TWIN_DMA_H

#include "internal.h"

enum { DMA_STREAMS = 8, DMA_FIFO_BYTES = 16 };
enum {
    CR_EN = 1 << 0,
    CR_DMEIE = 1 << 1,
    CR_TEIE = 1 << 2,
    CR_HTIE = 1 << 3,
    CR_TCIE = 1 << 4,
    CR_PFCTRL = 1 << 5,
    CR_DIR = 3 << 6,
    CR_CIRC = 1 << 8,
    CR_PINC = 1 << 9,
    CR_MINC = 1 << 10,
    CR_PSIZE = 3 << 11,
    CR_MSIZE = 3 << 13,
    CR_PINCOS = 1 << 15,
    CR_PL = 3 << 16,
    CR_DBM = 1 << 18,
    CR_CT = 1 << 19,
    FCR_FTH = 3 << 0,
    FCR_DMDIS = 1 << 2,
    FCR_FS = 7 << 3,
    FCR_FEIE = 1 << 7,
    FLAG_FE = 1 << 0,
    FLAG_DME = 1 << 2,
    FLAG_TE = 1 << 3,
    FLAG_HT = 1 << 4,
    FLAG_TC = 1 << 5,
    FLAG_ALL = 0x3D,
};

struct controller;

struct stream {
    struct controller *controller;
    unsigned number;
    uint32_t cr, ndtr, par, fcr;
    uint32_t mar[2];
    uint8_t flags;    /* as in LISR, without the shift */
    uint8_t requests; /* level of the request line of each channel */
    uint8_t pulses;   /* requests that one item answers */
    bool closing;     /* EN was written 0, the item under way is not through */
    struct twin_event closed;
    /* The transfer under way. */
    uint32_t reload;      /* NDTR at the start */
    uint32_t par_next;    /* address of the next item at the peripheral port */
    uint32_t mar_next;    /* and at the memory port */
    uint32_t memory_left; /* bytes still to be fetched, memory to peripheral */
    uint8_t fifo[DMA_FIFO_BYTES];
    unsigned fifo_len;
    bool fetch_waits; /* the memory port stands before flash that is busy: to read it, */
    bool store_waits; /* to write it */
};

struct controller {
    unsigned number; /* 1 or 2 */
    uint32_t base;
    struct stream stream[DMA_STREAMS];
    struct twin_event item;
};

struct twin_dma {
    struct controller controller[2];
};

/* dma_stream.c */
void dma_update_irq(struct twin *t, struct stream *s);
bool stream_is_memory_to_memory(const struct stream *s);
bool stream_goes_to_flash(const struct stream *s); /* the peripheral port's next item is in flash */
bool stream_waits(const struct stream *s);         /* at the memory port, for flash */
/* The flash is free again: what waited for it goes on. */
void stream_resume(struct twin *t, struct stream *s);
/* Sets EN and prepares the transfer. NULL, or why the configuration cannot run. */
const char *stream_start(struct twin *t, struct stream *s);
/* EN goes to 0; what the FIFO holds for memory is written. False: that waits for flash, try again.
 */
bool stream_stop(struct twin *t, struct stream *s);
/* One item through the peripheral port, and what follows from it. */
void stream_move_item(struct twin *t, struct stream *s);
/* Transfer error: TEIF, EN to 0. */
void stream_fail(struct twin *t, struct stream *s, uint32_t addr, const char *why);
uint32_t stream_fifo_status(const struct stream *s); /* FCR.FS */

#endif
