/* SPDX-License-Identifier: MIT */
/*
 * One DMA stream at work: addresses, FIFO, packing, half and full transfer, circular and
 * double-buffer mode. RM0090 sections 10.3.7 to 10.3.17.
 *
 * In direct mode the first item of a memory-to-peripheral transfer is fetched when EN is set, as
 * the silicon does: a buffer that is filled later is one item too late.
 */
#include "dma.h"

#include <string.h>

enum { PERIPHERAL_TO_MEMORY = 0, MEMORY_TO_PERIPHERAL = 1, MEMORY_TO_MEMORY = 2 };
#define FLASH_FIRST  0x08000000u
#define FLASH_END    0x08100000u
#define SYSTEM_FIRST 0x1FFF0000u /* OTP and option bytes too */
#define SYSTEM_END   0x20000000u
#define FLASH_CR     0x40023C10u
#define FLASH_OPTCR  0x40023C14u
#define APB1_FIRST   0x40000000u
#define APB1_END     0x40010000u

void dma_update_irq(struct twin *t, struct stream *s)
{
    static const uint8_t irqs[2][DMA_STREAMS] = {
        {11, 12, 13, 14, 15, 16, 17, 47},
        {56, 57, 58, 59, 60, 68, 69, 70},
    };
    bool level = ((s->flags & FLAG_TC) != 0 && (s->cr & CR_TCIE) != 0) ||
                 ((s->flags & FLAG_HT) != 0 && (s->cr & CR_HTIE) != 0) ||
                 ((s->flags & FLAG_TE) != 0 && (s->cr & CR_TEIE) != 0) ||
                 ((s->flags & FLAG_DME) != 0 && (s->cr & CR_DMEIE) != 0) ||
                 ((s->flags & FLAG_FE) != 0 && (s->fcr & FCR_FEIE) != 0);
    twin_irq_set(t, irqs[s->controller->number - 1][s->number], level);
}

static unsigned direction(const struct stream *s)
{
    return (s->cr >> 6) & 3;
}

static unsigned psize(const struct stream *s)
{
    return 1u << ((s->cr >> 11) & 3);
}

static unsigned msize(const struct stream *s)
{
    return 1u << ((s->cr >> 13) & 3);
}

static bool direct_mode(const struct stream *s)
{
    return (s->fcr & FCR_DMDIS) == 0;
}

static unsigned threshold_bytes(const struct stream *s)
{
    return 4 * ((s->fcr & FCR_FTH) + 1);
}

static enum twin_master master(const struct stream *s)
{
    return s->controller->number == 1 ? TWIN_MASTER_DMA1 : TWIN_MASTER_DMA2;
}

static unsigned current_memory(const struct stream *s)
{
    return (s->cr & CR_CT) != 0 ? 1 : 0;
}

bool stream_is_memory_to_memory(const struct stream *s)
{
    return direction(s) == MEMORY_TO_MEMORY;
}

/* Whether flash that is busy holds an access back: its array, at both addresses, and the two
 * registers that nobody may write then. */
static bool in_flash(uint32_t addr)
{
    uint32_t reg = addr & ~3u;
    return addr < FLASH_END - FLASH_FIRST || (addr >= FLASH_FIRST && addr < FLASH_END) ||
           (addr >= SYSTEM_FIRST && addr < SYSTEM_END) || reg == FLASH_CR || reg == FLASH_OPTCR;
}

bool stream_goes_to_flash(const struct stream *s)
{
    return in_flash(s->par_next);
}

bool stream_waits(const struct stream *s)
{
    return s->fetch_waits || s->store_waits;
}

uint32_t stream_fifo_status(const struct stream *s)
{
    if (s->fifo_len == 0) {
        return 4;
    }
    return s->fifo_len == DMA_FIFO_BYTES ? 5 : s->fifo_len / 4;
}

void stream_fail(struct twin *t, struct stream *s, uint32_t addr, const char *why)
{
    s->flags |= FLAG_TE;
    s->cr &= ~(uint32_t)CR_EN;
    s->fifo_len = 0;
    s->fetch_waits = s->store_waits = false;
    twin_report(t, TWIN_REPORT_DMA, addr, "DMA%u stream %u stopped by a transfer error: %s",
                s->controller->number, s->number, why);
    dma_update_irq(t, s);
}

/* ---- the two ports; false: the stream has failed ---- */

/* DMA1's peripheral port leads to APB1 only; RM0090 figure 1 and 10.3.1. */
static bool peripheral_reachable(struct twin *t, struct stream *s, uint32_t addr)
{
    if (s->controller->number == 2 || (addr >= APB1_FIRST && addr < APB1_END)) {
        return true;
    }
    stream_fail(t, s, addr, "DMA1's peripheral port reaches APB1 only");
    return false;
}

static void step_peripheral(struct stream *s)
{
    if ((s->cr & CR_PINC) != 0) {
        s->par_next += (s->cr & CR_PINCOS) != 0 ? 4 : psize(s);
    }
}

static bool read_peripheral(struct twin *t, struct stream *s)
{
    uint32_t value;
    uint32_t addr = s->par_next & ~(psize(s) - 1);
    if (!peripheral_reachable(t, s, addr)) {
        return false;
    }
    if (!twin_bus_read(t, master(s), addr, psize(s), &value)) {
        stream_fail(t, s, addr, "the peripheral port met a bus error");
        return false;
    }
    for (unsigned i = 0; i < psize(s); i++) {
        s->fifo[s->fifo_len++] = (uint8_t)(value >> (8 * i));
    }
    step_peripheral(s);
    return true;
}

static uint32_t take_fifo(struct stream *s, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)s->fifo[i] << (8 * i);
    }
    s->fifo_len -= width;
    memmove(s->fifo, s->fifo + width, s->fifo_len);
    return value;
}

static bool write_peripheral(struct twin *t, struct stream *s)
{
    uint32_t addr = s->par_next & ~(psize(s) - 1);
    if (!peripheral_reachable(t, s, addr)) {
        return false;
    }
    if (!twin_bus_write(t, master(s), addr, psize(s), take_fifo(s, psize(s)))) {
        stream_fail(t, s, addr, "the peripheral port met a bus error");
        return false;
    }
    step_peripheral(s);
    return true;
}

static bool read_memory(struct twin *t, struct stream *s)
{
    uint32_t value;
    unsigned width = s->memory_left < msize(s) ? s->memory_left : msize(s);
    uint32_t addr = s->mar_next & ~(msize(s) - 1);
    if (!twin_bus_read(t, master(s), addr, msize(s), &value)) {
        stream_fail(t, s, addr, "the memory port met a bus error");
        return false;
    }
    for (unsigned i = 0; i < width; i++) {
        s->fifo[s->fifo_len++] = (uint8_t)(value >> (8 * i));
    }
    s->memory_left -= width;
    s->mar_next += (s->cr & CR_MINC) != 0 ? msize(s) : 0;
    return true;
}

static bool memory_is_busy(struct twin *t, const struct stream *s)
{
    return in_flash(s->mar_next) && twin_flash_busy_until_ps(t) > twin_now_ps(t);
}

/* Fetches what the FIFO has room for; in direct mode one item. Before busy flash it stops, and goes
 * on with stream_resume. */
static bool fill(struct twin *t, struct stream *s)
{
    unsigned room = direct_mode(s) ? msize(s) : DMA_FIFO_BYTES;
    while (s->memory_left != 0 && s->fifo_len + msize(s) <= room) {
        s->fetch_waits = memory_is_busy(t, s);
        if (s->fetch_waits) {
            return true;
        }
        if (!read_memory(t, s)) {
            return false;
        }
    }
    return true;
}

/* Writes what the FIFO holds in units of the memory's width; the last one may be narrower. Before
 * busy flash it stops too. False: the stream has failed, or waits. */
static bool drain(struct twin *t, struct stream *s, bool all)
{
    while (s->fifo_len >= msize(s) || (all && s->fifo_len != 0)) {
        s->store_waits = memory_is_busy(t, s);
        if (s->store_waits) {
            return false;
        }
        unsigned width = s->fifo_len >= msize(s) ? msize(s) : s->fifo_len == 3 ? 2 : s->fifo_len;
        uint32_t addr = s->mar_next & ~(width - 1);
        if (!twin_bus_write(t, master(s), addr, width, take_fifo(s, width))) {
            stream_fail(t, s, addr, "the memory port met a bus error");
            return false;
        }
        s->mar_next += (s->cr & CR_MINC) != 0 ? width : 0;
    }
    return true;
}

/* ---- start and stop ---- */

/* RM0090 table 47: a burst must fit the FIFO threshold. */
static bool burst_fits(const struct stream *s)
{
    static const uint8_t beats[4] = {1, 4, 8, 16};
    unsigned mburst = beats[(s->cr >> 23) & 3];
    unsigned pburst = beats[(s->cr >> 21) & 3];
    if (direct_mode(s)) {
        return true; /* bursts are single there */
    }
    if (mburst > 1 && threshold_bytes(s) % (mburst * msize(s)) != 0) {
        return false;
    }
    return pburst == 1 || pburst * psize(s) <= DMA_FIFO_BYTES;
}

static const char *refusal(const struct stream *s)
{
    if (direction(s) == 3 || (s->cr & CR_PSIZE) == CR_PSIZE || (s->cr & CR_MSIZE) == CR_MSIZE) {
        return "CR holds a reserved value of DIR, PSIZE or MSIZE";
    }
    if (stream_is_memory_to_memory(s)) {
        if (s->controller->number == 1) {
            return "only DMA2 can go from memory to memory";
        }
        if ((s->cr & (CR_CIRC | CR_DBM)) != 0) {
            return "memory to memory cannot be circular";
        }
    }
    return NULL;
}

static void begin_round(struct twin *t, struct stream *s)
{
    s->par_next = s->par;
    s->mar_next = s->mar[current_memory(s)];
    if (direction(s) != MEMORY_TO_PERIPHERAL) {
        return;
    }
    s->memory_left = s->ndtr * psize(s);
    (void)fill(t, s);
}

const char *stream_start(struct twin *t, struct stream *s)
{
    if (stream_is_memory_to_memory(s)) {
        s->fcr |= FCR_DMDIS; /* by hardware */
    }
    if (direct_mode(s)) {
        s->cr = (s->cr & ~(uint32_t)(CR_MSIZE)) | ((s->cr & CR_PSIZE) << 2);
    }
    const char *why = refusal(s);
    if (why != NULL) {
        return why;
    }
    if (!burst_fits(s)) {
        s->flags |= FLAG_FE;
        return "its burst does not fit the FIFO threshold";
    }
    if ((s->cr & CR_PFCTRL) != 0) {
        twin_report(t, TWIN_REPORT_UNMODELLED, s->controller->base,
                    "DMA: the peripheral as flow controller (PFCTRL) is not modelled");
    }
    s->cr |= CR_EN;
    s->closing = false;
    s->store_waits = false;
    s->fifo_len = 0;
    s->reload = s->ndtr;
    s->pulses = 0;
    begin_round(t, s);
    return NULL;
}

bool stream_stop(struct twin *t, struct stream *s)
{
    if (direction(s) != MEMORY_TO_PERIPHERAL && !drain(t, s, true) && s->store_waits) {
        return false;
    }
    s->fifo_len = 0;
    s->fetch_waits = s->store_waits = false;
    s->closing = false;
    s->cr &= ~(uint32_t)CR_EN;
    return true;
}

/* ---- items ---- */

static void end_round(struct twin *t, struct stream *s)
{
    s->flags |= FLAG_TC;
    if ((s->cr & (CR_CIRC | CR_DBM)) == 0) {
        (void)stream_stop(t,
                          s); /* its last item has emptied the FIFO: there is nothing to wait for */
        return;
    }
    if ((s->cr & CR_DBM) != 0) {
        s->cr ^= CR_CT;
    }
    s->ndtr = s->reload;
    begin_round(t, s);
}

static void item_done(struct twin *t, struct stream *s)
{
    s->ndtr--;
    if (s->reload > 1 && s->ndtr == s->reload / 2) {
        s->flags |= FLAG_HT;
    }
    if (s->ndtr == 0) {
        end_round(t, s);
    }
    dma_update_irq(t, s);
}

static bool move_to_peripheral(struct twin *t, struct stream *s)
{
    if (!write_peripheral(t, s)) {
        return false;
    }
    return (!direct_mode(s) && s->fifo_len > threshold_bytes(s)) || fill(t, s);
}

static bool empty_fifo(struct twin *t, struct stream *s)
{
    bool last = s->ndtr == 1;
    if (direct_mode(s) || last || s->fifo_len + psize(s) > DMA_FIFO_BYTES ||
        s->fifo_len >= threshold_bytes(s)) {
        return drain(t, s, last);
    }
    return true;
}

static bool move_to_memory(struct twin *t, struct stream *s)
{
    return read_peripheral(t, s) && empty_fifo(t, s);
}

void stream_move_item(struct twin *t, struct stream *s)
{
    if (s->ndtr == 0) {
        return;
    }
    bool to_peripheral = direction(s) == MEMORY_TO_PERIPHERAL;
    if (to_peripheral ? move_to_peripheral(t, s) : move_to_memory(t, s)) {
        item_done(t, s);
    }
}

void stream_resume(struct twin *t, struct stream *s)
{
    if (s->fetch_waits) {
        s->fetch_waits = false;
        (void)fill(t, s);
    } else if (s->store_waits && drain(t, s, s->ndtr == 1)) {
        item_done(t, s);
    }
}
