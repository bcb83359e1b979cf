/* SPDX-License-Identifier: MIT */
/*
 * DMA over the bus: USART reception and transmission, rings, double buffers, FIFO packing, flags
 * and the ways to do it wrong. SRAM is looked at with twin_peek, as nobody's bus access.
 */
#include "bench.h"

#include <string.h>

#define DMA1      0x40026000u
#define DMA2      0x40026400u
#define LISR      0x00u
#define HISR      0x04u
#define LIFCR     0x08u
#define HIFCR     0x0Cu
#define STREAM(n) (0x10u + 0x18u * (n))
#define CR        0x00u
#define NDTR      0x04u
#define PAR       0x08u
#define M0AR      0x0Cu
#define M1AR      0x10u
#define FCR       0x14u
#define EN        1u
#define TEIE      (1u << 2)
#define TCIE      (1u << 4)
#define M2P       (1u << 6)
#define M2M       (2u << 6)
#define CIRC      (1u << 8)
#define PINC      (1u << 9)
#define MINC      (1u << 10)
#define PSIZE(n)  ((uint32_t)(n) << 11)
#define MSIZE(n)  ((uint32_t)(n) << 13)
#define DBM       (1u << 18)
#define CT        (1u << 19)
#define CHSEL(n)  ((uint32_t)(n) << 25)
#define FE        0x01u
#define TE        0x08u
#define HT        0x10u
#define TC        0x20u
#define USART2    0x40004400u
#define BUFFER    0x20001000u
#define SECOND    0x20002000u

/* Flags of streams 5 and 6 in HISR, 0 and 1 in LISR. */
#define S5(isr) (((isr) >> 6) & 0x3F)
#define S6(isr) (((isr) >> 16) & 0x3F)
#define S0(isr) ((isr)&0x3F)
#define S1(isr) (((isr) >> 6) & 0x3F)

static void open_usart(struct bench *b)
{
    route(b, 'A', 2, 7);
    route(b, 'A', 3, 7);
    twin_line_set(b->t, 2, &(struct twin_line){.baud = 115108});
    wr(b, USART2 + 0x08, 139);
    wr(b, USART2 + 0x14, 0x00C0); /* DMAR, DMAT */
    wr(b, USART2 + 0x0C, 0x200C);
}

static void setup_stream(struct bench *b, uint32_t base, unsigned n, uint32_t par, uint32_t m0,
                         uint32_t count)
{
    uint32_t s = base + STREAM(n);
    wr(b, s + PAR, par);
    wr(b, s + M0AR, m0);
    wr(b, s + NDTR, count);
}

static void start_stream(struct bench *b, uint32_t base, unsigned n, uint32_t cr)
{
    wr(b, base + STREAM(n) + CR, cr | EN);
}

static bool memory_is(struct bench *b, uint32_t addr, const void *want, size_t len)
{
    uint8_t got[256];
    assert_true(len <= sizeof got);
    assert_int_equal(twin_peek(b->t, addr, got, len), TWIN_OK);
    return memcmp(got, want, len) == 0;
}

static void fill_memory(struct bench *b, uint32_t addr, const void *data, size_t len)
{
    assert_int_equal(twin_load(b->t, addr, data, len), TWIN_OK);
}

static void test_ring_receives_while_nobody_looks(void **state)
{
    struct bench *b = *state;
    uint8_t sent[40], ring[16];
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, sizeof ring);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | CIRC);
    for (unsigned i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(0x80 + i);
        ring[i % sizeof ring] = sent[i];
    }
    twin_line_send(b->t, 2, sent, 8);
    run_ns(b, 800000);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), HT);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 8);
    twin_line_send(b->t, 2, sent + 8, 8);
    run_ns(b, 800000);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), HT | TC);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 16); /* reloaded */
    twin_line_send(b->t, 2, sent + 16, 24);
    run_ns(b, 3000000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 8);
    assert_true(memory_is(b, BUFFER, ring, sizeof ring));
    assert_int_equal(rd(b, USART2) & 0x28, 0); /* no ORE, no RXNE */
    wr(b, DMA1 + HIFCR, (HT | TC) << 6);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), 0);
    expect_no_reports(b);
}

static void start_erase(struct bench *b)
{
    wr(b, 0x40023C04, 0x45670123);
    wr(b, 0x40023C04, 0xCDEF89AB);
    wr(b, 0x40023C10, 2u << 8 | 2u << 3 | 2u);
    wr(b, 0x40023C10, 1u << 16 | 2u << 8 | 2u << 3 | 2u); /* sector 2: 250 ms */
}

/* The core stands still while flash is erased; the ring must fill meanwhile. */
static void test_ring_receives_while_flash_is_erased(void **state)
{
    struct bench *b = *state;
    uint8_t sent[100];
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 256);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | CIRC);
    for (unsigned i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(3 * i);
    }
    start_erase(b);
    uint64_t busy_until = twin_flash_busy_until_ps(b->t);
    assert_true(busy_until > now_ps(b) + UINT64_C(200000000000));
    twin_line_send(b->t, 2, sent, sizeof sent);
    run_ns(b, 20000000);
    assert_true(now_ps(b) < busy_until);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 156);
    assert_true(memory_is(b, BUFFER, sent, sizeof sent));
}

/* A stream that wants a text out of flash stands at the controller's port, and the ring beside it
 * gets nothing: the USART overruns. */
static void test_a_stream_that_waits_for_flash_holds_up_the_others(void **state)
{
    struct bench *b = *state;
    uint8_t got[8];
    open_usart(b);
    assert_int_equal(twin_load(b->t, 0x08010000, "text", 4), TWIN_OK);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 256);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | CIRC);
    start_erase(b);
    setup_stream(b, DMA1, 6, USART2 + 4, 0x08010000, 4);
    start_stream(b, DMA1, 6, CHSEL(4) | MINC | M2P);
    twin_line_send(b->t, 2, (const uint8_t *)"abc", 3);
    run_ns(b, 200000000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 256);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 0);
    expect_reports(b, TWIN_REPORT_USART, 2); /* b and c are lost */
    run_ns(b, 100000000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 255);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 4);
    assert_memory_equal(got, "text", 4);
}

static void test_transmission(void **state)
{
    struct bench *b = *state;
    uint8_t got[32];
    open_usart(b);
    fill_memory(b, BUFFER, "hello, world", 12);
    setup_stream(b, DMA1, 6, USART2 + 4, BUFFER, 12);
    start_stream(b, DMA1, 6, CHSEL(4) | MINC | M2P | TCIE);
    run_ns(b, 3000000);
    assert_int_equal(S6(rd(b, DMA1 + HISR)), HT | TC);
    assert_int_equal(rd(b, DMA1 + STREAM(6) + CR) & EN, 0);
    assert_int_equal(rd(b, DMA1 + STREAM(6) + NDTR), 0);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 12);
    assert_memory_equal(got, "hello, world", 12);
    expect_no_reports(b);
}

static void test_first_item_is_fetched_at_start(void **state)
{
    struct bench *b = *state;
    uint8_t got[4];
    open_usart(b);
    wr(b, USART2 + 0x14, 0); /* no requests yet */
    fill_memory(b, BUFFER, "abc", 3);
    setup_stream(b, DMA1, 6, USART2 + 4, BUFFER, 3);
    start_stream(b, DMA1, 6, CHSEL(4) | MINC | M2P);
    fill_memory(b, BUFFER, "xyz", 3);
    wr(b, USART2 + 0x14, 0x80);
    run_ns(b, 1000000);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 3);
    assert_memory_equal(got, "ayz", 3);
}

static void test_wrong_channel_moves_nothing(void **state)
{
    struct bench *b = *state;
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 4);
    start_stream(b, DMA1, 5, CHSEL(5) | MINC);
    twin_line_send(b->t, 2, (const uint8_t *)"ab", 2);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 4);
    assert_int_equal(rd(b, USART2) & 0x28, 0x28); /* ORE and RXNE: nobody came */
}

static void test_double_buffer_changes_sides(void **state)
{
    struct bench *b = *state;
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 4);
    wr(b, DMA1 + STREAM(5) + M1AR, SECOND);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | DBM);
    twin_line_send(b->t, 2, (const uint8_t *)"0123", 4);
    run_ns(b, 500000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & (CT | EN), CT | EN);
    wr(b, DMA1 + STREAM(5) + M0AR, BUFFER + 64); /* the one not in use may be moved */
    twin_line_send(b->t, 2, (const uint8_t *)"4567890", 7);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & (CT | EN), EN);
    assert_true(memory_is(b, BUFFER, "0123", 4));
    assert_true(memory_is(b, SECOND, "4567", 4));
    assert_true(memory_is(b, BUFFER + 64, "890", 3));
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 1);
    expect_no_reports(b);
    wr(b, DMA1 + STREAM(5) + M0AR, BUFFER); /* the one in use may not */
    assert_int_equal(S5(rd(b, DMA1 + HISR)) & TE, TE);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & EN, 0);
    expect_reports(b, TWIN_REPORT_DMA, 1);
}

static void test_memory_to_memory_packs_bytes_into_words(void **state)
{
    struct bench *b = *state;
    uint8_t data[64];
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i ^ 0x5A);
    }
    fill_memory(b, BUFFER, data, sizeof data);
    setup_stream(b, DMA2, 0, BUFFER, SECOND, sizeof data);
    start_stream(b, DMA2, 0, M2M | MINC | PINC | PSIZE(0) | MSIZE(2));
    assert_int_equal(rd(b, DMA2 + STREAM(0) + FCR) & 4, 4); /* DMDIS, by hardware */
    run_ns(b, 100000);
    assert_int_equal(S0(rd(b, DMA2 + LISR)), HT | TC);
    assert_true(memory_is(b, SECOND, data, sizeof data));
    expect_no_reports(b);
}

static void test_memory_to_memory_takes_time(void **state)
{
    struct bench *b = *state;
    setup_stream(b, DMA2, 0, BUFFER, SECOND, 1000);
    start_stream(b, DMA2, 0, M2M | MINC | PINC | PSIZE(2) | MSIZE(2));
    run_ns(b, 125000); /* two cycles a word is less than it can do */
    assert_int_equal(S0(rd(b, DMA2 + LISR)) & TC, 0);
    run_ns(b, 1000000);
    assert_int_equal(S0(rd(b, DMA2 + LISR)) & TC, TC);
}

static void test_constant_source_fills(void **state)
{
    struct bench *b = *state;
    static const uint8_t want[12] = {1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4};
    fill_memory(b, BUFFER, want, 4);
    setup_stream(b, DMA2, 7, BUFFER, SECOND, 3);
    start_stream(b, DMA2, 7, M2M | MINC | PSIZE(2) | MSIZE(2));
    run_ns(b, 10000);
    assert_true(memory_is(b, SECOND, want, sizeof want));
}

static void test_dma1_cannot_go_from_memory_to_memory(void **state)
{
    struct bench *b = *state;
    setup_stream(b, DMA1, 0, BUFFER, SECOND, 4);
    start_stream(b, DMA1, 0, M2M | MINC | PINC);
    assert_int_equal(rd(b, DMA1 + STREAM(0) + CR) & EN, 0);
    expect_reports(b, TWIN_REPORT_DMA, 1);
}

static void test_ccm_is_out_of_reach(void **state)
{
    struct bench *b = *state;
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, 0x10000000, 4);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | TEIE);
    twin_line_send(b->t, 2, (const uint8_t *)"a", 1);
    run_ns(b, 200000);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), TE);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & EN, 0);
    expect_reports(b, TWIN_REPORT_DMA, 2); /* out of reach, and what became of the stream */
}

static void test_dma1_reaches_apb1_only(void **state)
{
    struct bench *b = *state;
    open_usart(b);
    setup_stream(b, DMA1, 5, 0x40011004, BUFFER, 4); /* USART1 is on APB2 */
    start_stream(b, DMA1, 5, CHSEL(4) | MINC);
    twin_line_send(b->t, 2, (const uint8_t *)"a", 1);
    run_ns(b, 200000);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), TE);
    expect_reports(b, TWIN_REPORT_DMA, 1);
}

static void test_flags_must_be_cleared_before_the_next_start(void **state)
{
    struct bench *b = *state;
    setup_stream(b, DMA2, 0, BUFFER, SECOND, 4);
    start_stream(b, DMA2, 0, M2M | MINC | PINC);
    run_ns(b, 10000);
    assert_int_equal(S0(rd(b, DMA2 + LISR)), HT | TC);
    wr(b, DMA2 + STREAM(0) + NDTR, 4);
    start_stream(b, DMA2, 0, M2M | MINC | PINC);
    assert_int_equal(rd(b, DMA2 + STREAM(0) + CR) & EN, 0);
    expect_reports(b, TWIN_REPORT_DMA, 1);
    wr(b, DMA2 + LIFCR, 0x3D);
    start_stream(b, DMA2, 0, M2M | MINC | PINC);
    assert_int_equal(rd(b, DMA2 + STREAM(0) + CR) & EN, EN);
}

static void test_stopping_takes_a_moment_and_sets_tc(void **state)
{
    struct bench *b = *state;
    open_usart(b);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 100);
    start_stream(b, DMA1, 5, CHSEL(4) | MINC);
    twin_line_send(b->t, 2, (const uint8_t *)"abc", 3);
    run_ns(b, 500000);
    wr(b, DMA1 + STREAM(5) + CR, CHSEL(4) | MINC);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & EN, EN);
    wr(b, DMA1 + STREAM(5) + NDTR, 5); /* too early: EN is still 1 */
    expect_reports(b, TWIN_REPORT_DMA, 1);
    wr(b, DMA1 + STREAM(5) + FCR, 0x84); /* FEIE may be set, DMDIS and FTH may not */
    expect_reports(b, TWIN_REPORT_DMA, 2);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + FCR) & 0x87, 0x81);
    wr(b, DMA1 + STREAM(5) + FCR, 0x01);
    expect_reports(b, TWIN_REPORT_DMA, 2);
    run_ns(b, 2000);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + CR) & EN, 0);
    assert_int_equal(S5(rd(b, DMA1 + HISR)), TC);
    assert_int_equal(rd(b, DMA1 + STREAM(5) + NDTR), 97);
}

static void test_fifo_holds_back_until_its_threshold(void **state)
{
    struct bench *b = *state;
    static const uint8_t blank[8] = {0};
    open_usart(b);
    fill_memory(b, BUFFER, blank, sizeof blank);
    setup_stream(b, DMA1, 5, USART2 + 4, BUFFER, 100);
    wr(b, DMA1 + STREAM(5) + FCR, 0x05); /* DMDIS, half full */
    start_stream(b, DMA1, 5, CHSEL(4) | MINC | MSIZE(2));
    twin_line_send(b->t, 2, (const uint8_t *)"1234567", 7);
    run_ns(b, 1000000);
    assert_true(memory_is(b, BUFFER, blank, sizeof blank));
    twin_line_send(b->t, 2, (const uint8_t *)"8", 1);
    run_ns(b, 500000);
    assert_true(memory_is(b, BUFFER, "12345678", 8));
    twin_line_send(b->t, 2, (const uint8_t *)"9", 1);
    run_ns(b, 500000);
    wr(b, DMA1 + STREAM(5) + CR, CHSEL(4) | MINC | MSIZE(2)); /* what is left is flushed */
    run_ns(b, 2000);
    assert_true(memory_is(b, BUFFER, "123456789", 9));
}

static void test_burst_that_does_not_fit_the_fifo(void **state)
{
    struct bench *b = *state;
    setup_stream(b, DMA2, 0, BUFFER, SECOND, 64);
    wr(b, DMA2 + STREAM(0) + FCR, 0x04);                               /* a quarter: 4 bytes */
    start_stream(b, DMA2, 0, M2M | MINC | PINC | MSIZE(2) | 1u << 23); /* bursts of 4 words */
    assert_int_equal(rd(b, DMA2 + STREAM(0) + CR) & EN, 0);
    assert_int_equal(S0(rd(b, DMA2 + LISR)), FE);
    expect_reports(b, TWIN_REPORT_DMA, 1);
}

/* Two streams that always want: the one of higher priority is done first. */
static void test_priority(void **state)
{
    struct bench *b = *state;
    setup_stream(b, DMA2, 0, BUFFER, SECOND, 100);
    setup_stream(b, DMA2, 1, BUFFER, SECOND + 1024, 100);
    start_stream(b, DMA2, 0, M2M | MINC | PINC);
    start_stream(b, DMA2, 1, M2M | MINC | PINC | 3u << 16);
    for (unsigned i = 0; i < 1000 && (S1(rd(b, DMA2 + LISR)) & TC) == 0; i++) {
        run_ns(b, 500);
    }
    assert_int_equal(S1(rd(b, DMA2 + LISR)) & TC, TC);
    assert_int_equal(S0(rd(b, DMA2 + LISR)) & TC, 0);
    assert_true(rd(b, DMA2 + STREAM(0) + NDTR) >= 98);
}

/* `b .` in SRAM at 16 MHz: three cycles each. Flash may be busy without holding it up. */
static void spin_in_sram(struct bench *b)
{
    static const uint8_t spin[2] = {0xFE, 0xE7};
    static const uint8_t vectors[8] = {0x00, 0x04, 0x00, 0x20, 0x01, 0x00, 0x00, 0x20};
    fill_memory(b, 0x20000000, spin, sizeof spin);
    fill_memory(b, 0x08000000, vectors, sizeof vectors);
    twin_reset_pin(b->t);
    run_ns(b, 1000);
    wr(b, RCC_AHB1ENR, 0x007011FF);
    (void)rd(b, RCC_AHB1ENR);
    run_ns(b, 1000);
}

static uint64_t instructions_in(struct bench *b, uint64_t ns)
{
    struct twin_counters before, after;
    twin_get_counters(b->t, &before);
    run_ns(b, ns);
    twin_get_counters(b->t, &after);
    return after.instructions - before.instructions;
}

/* A word takes 16 us, and it is the stream that waits for the one before. */
static void test_stores_into_busy_flash_hold_up_the_stream_only(void **state)
{
    struct bench *b = *state;
    uint8_t data[32];
    spin_in_sram(b);
    uint64_t free_run = instructions_in(b, 100000);
    assert_true(free_run > 500);
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(0x11 * (i & 15));
    }
    fill_memory(b, BUFFER, data, sizeof data);
    wr(b, 0x40023C04, 0x45670123);
    wr(b, 0x40023C04, 0xCDEF89AB);
    wr(b, 0x40023C10, 0x201); /* PG, x32 */
    setup_stream(b, DMA2, 0, BUFFER, 0x08020000, 8);
    start_stream(b, DMA2, 0, M2M | MINC | PINC | PSIZE(2) | MSIZE(2));
    run_ns(b, 8000);
    assert_true(twin_flash_busy_until_ps(b->t) > now_ps(b));
    assert_in_range(instructions_in(b, 100000), free_run - 2, free_run + 2);
    assert_int_equal(S0(rd(b, DMA2 + LISR)) & TC, 0); /* 108 us: not all eight words */
    assert_in_range(rd(b, DMA2 + STREAM(0) + NDTR), 1, 3);
    assert_true(memory_is(b, 0x08020000, data, 16));
    run_ns(b, 40000);
    assert_int_equal(S0(rd(b, DMA2 + LISR)), HT | TC);
    assert_int_equal(rd(b, 0x40023C0C), 0);
    assert_true(memory_is(b, 0x08020000, data, sizeof data));
    expect_no_reports(b);
}

/* Switched off while it waits: the item under way is finished first, EN and TC tell when. */
static void test_a_store_that_waits_is_finished_before_en_goes(void **state)
{
    struct bench *b = *state;
    fill_memory(b, BUFFER, "abcdefgh", 8);
    wr(b, 0x40023C04, 0x45670123);
    wr(b, 0x40023C04, 0xCDEF89AB);
    wr(b, 0x40023C10, 0x201);
    setup_stream(b, DMA2, 0, BUFFER, 0x08020000, 4);
    start_stream(b, DMA2, 0, M2M | PSIZE(2) | MSIZE(2) | MINC | PINC);
    run_ns(b, 5000); /* the first word is being programmed, the second waits */
    wr(b, DMA2 + STREAM(0) + CR, M2M | PSIZE(2) | MSIZE(2) | MINC | PINC);
    run_ns(b, 5000);
    assert_int_equal(rd(b, DMA2 + STREAM(0) + CR) & EN, EN);
    run_ns(b, 50000);
    assert_int_equal(rd(b, DMA2 + STREAM(0) + CR) & EN, 0);
    assert_int_equal(rd(b, DMA2 + STREAM(0) + NDTR), 2);
    assert_true(memory_is(b, 0x08020000, "abcdefgh\xff\xff", 10));
    expect_no_reports(b);
}

/* Flash that DMA has made busy holds up a core that executes from it: sector 2 is erased by a store
 * into FLASH_CR. */
static void test_an_erase_begun_by_dma_stops_the_core(void **state)
{
    struct bench *b = *state;
    static const uint8_t spin[2] = {0xFE, 0xE7};
    const uint32_t cr = 1u << 16 | 2u << 8 | 2u << 3 | 2u;
    const uint8_t word[4] = {(uint8_t)cr, (uint8_t)(cr >> 8), (uint8_t)(cr >> 16), 0};
    fill_memory(b, 0x08000008, spin, sizeof spin);
    twin_reset_pin(b->t);
    run_ns(b, 1000);
    wr(b, RCC_AHB1ENR, 0x007011FF);
    (void)rd(b, RCC_AHB1ENR);
    run_ns(b, 1000);
    fill_memory(b, BUFFER, word, sizeof word);
    wr(b, 0x40023C04, 0x45670123);
    wr(b, 0x40023C04, 0xCDEF89AB);
    setup_stream(b, DMA2, 0, BUFFER, 0x40023C10, 1);
    start_stream(b, DMA2, 0, M2M | PSIZE(2) | MSIZE(2));
    run_ns(b, 10000);
    assert_true(twin_flash_busy_until_ps(b->t) > now_ps(b) + UINT64_C(200000000000));
    assert_int_equal(instructions_in(b, 1000000), 0);
}

/* The CRC unit holds the bus of whoever feeds it: not the core's, when that is DMA. */
static void test_crc_fed_by_dma_does_not_stop_the_core(void **state)
{
    struct bench *b = *state;
    static const uint8_t zeros[256] = {0};
    spin_in_sram(b);
    uint64_t free_run = instructions_in(b, 20000);
    fill_memory(b, BUFFER, zeros, sizeof zeros);
    setup_stream(b, DMA2, 0, BUFFER, 0x40023000, 64);
    start_stream(b, DMA2, 0, M2M | PINC | PSIZE(2) | MSIZE(2));
    assert_in_range(instructions_in(b, 20000), free_run - 2, free_run + 2);
    run_ns(b, 10000);
    assert_int_equal(S0(rd(b, DMA2 + LISR)), HT | TC);
    uint32_t by_dma = rd(b, 0x40023000);
    wr(b, 0x40023008, 1);
    for (unsigned i = 0; i < 64; i++) {
        wr(b, 0x40023000, 0);
    }
    assert_int_equal(rd(b, 0x40023000), by_dma);
    expect_no_reports(b);
}

static void test_timer_update_requests_one_item_each(void **state)
{
    struct bench *b = *state;
    fill_memory(b, BUFFER, "\x01\x02\x03\x04", 4);
    setup_stream(b, DMA1, 1, 0x40004C18, BUFFER, 4); /* TIM6_UP; writes into a register of UART4 */
    start_stream(b, DMA1, 1, CHSEL(7) | MINC | M2P);
    wr(b, 0x4000102C, 1599); /* TIM6_ARR: 100 us */
    wr(b, 0x4000100C, 0x100);
    wr(b, 0x40001000, 1);
    run_ns(b, 50000);
    assert_int_equal(rd(b, DMA1 + STREAM(1) + NDTR), 4);
    run_ns(b, 100000);
    assert_int_equal(rd(b, DMA1 + STREAM(1) + NDTR), 3);
    run_ns(b, 200000);
    assert_int_equal(rd(b, DMA1 + STREAM(1) + NDTR), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_ring_receives_while_nobody_looks),
        T(test_ring_receives_while_flash_is_erased),
        T(test_a_stream_that_waits_for_flash_holds_up_the_others),
        T(test_transmission),
        T(test_first_item_is_fetched_at_start),
        T(test_wrong_channel_moves_nothing),
        T(test_double_buffer_changes_sides),
        T(test_memory_to_memory_packs_bytes_into_words),
        T(test_memory_to_memory_takes_time),
        T(test_constant_source_fills),
        T(test_dma1_cannot_go_from_memory_to_memory),
        T(test_ccm_is_out_of_reach),
        T(test_dma1_reaches_apb1_only),
        T(test_flags_must_be_cleared_before_the_next_start),
        T(test_stopping_takes_a_moment_and_sets_tc),
        T(test_fifo_holds_back_until_its_threshold),
        T(test_burst_that_does_not_fit_the_fifo),
        T(test_priority),
        T(test_timer_update_requests_one_item_each),
        T(test_stores_into_busy_flash_hold_up_the_stream_only),
        T(test_a_store_that_waits_is_finished_before_en_goes),
        T(test_an_erase_begun_by_dma_stops_the_core),
        T(test_crc_fed_by_dma_does_not_stop_the_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
