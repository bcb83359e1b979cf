/* SPDX-License-Identifier: MIT */
/*
 * USARTs register by register, with a line at their pins: exact times of characters and flags, each
 * flag's clearing rule, errors, formats, and what wrong baud rates do. Times are computed here from
 * the manual: a bit lasts BRR cycles of the peripheral's clock.
 */
#include "bench.h"

#include <string.h>

#define USART2     0x40004400u
#define SR         0x00u
#define DR         0x04u
#define BRR        0x08u
#define CR1        0x0Cu
#define CR2        0x10u
#define CR3        0x14u
#define PE         0x001u
#define FE         0x002u
#define NF         0x004u
#define ORE        0x008u
#define IDLE       0x010u
#define RXNE       0x020u
#define TC         0x040u
#define TXE        0x080u
#define CR1_RE     0x0004u
#define CR1_TE     0x0008u
#define CR1_IDLEIE 0x0010u
#define CR1_RXNEIE 0x0020u
#define CR1_TCIE   0x0040u
#define CR1_TXEIE  0x0080u
#define CR1_PS     0x0200u
#define CR1_PCE    0x0400u
#define CR1_M      0x1000u
#define CR1_UE     0x2000u
#define CR1_OVER8  0x8000u
#define IRQ_USART2 38u

enum { BRR_115200 = 139 };
#define BIT_PS (BRR_115200 * UINT64_C(62500)) /* 8.6875 us at 16 MHz */

#define EDGE 125000 /* two cycles off: the core's clock has steps of one */

/* Far end at exactly the rate of BRR 139: 16000000 / 139 is no whole number, 115108 is 0.0006 %
 * off. */
static void open_line(struct bench *b, uint32_t baud)
{
    twin_line_set(b->t, 2, &(struct twin_line){.baud = baud});
}

static void open_usart(struct bench *b, uint32_t cr1)
{
    route(b, 'A', 2, 7);
    route(b, 'A', 3, 7);
    open_line(b, 115108);
    wr(b, USART2 + BRR, BRR_115200);
    wr(b, USART2 + CR1, CR1_UE | cr1);
}

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, 0xE000E200u + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static size_t receive(struct bench *b, uint8_t *data, size_t size)
{
    return twin_line_receive(b->t, 2, data, size);
}

/* ---- transmitter ---- */

static void test_preamble_then_characters_at_exact_times(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    uint64_t t0 = now_ps(b);
    wr(b, USART2 + DR, 'A');
    assert_int_equal(rd(b, USART2 + SR) & TXE, 0); /* waits behind the idle frame */
    run_to_ps(b, t0 + 10 * BIT_PS - EDGE);
    assert_int_equal(rd(b, USART2 + SR) & TXE, 0);
    run_to_ps(b, t0 + 10 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & TXE, TXE);
    wr(b, USART2 + DR, 'B');
    assert_int_equal(rd(b, USART2 + SR) & (TXE | TC), 0); /* SR was read, DR written: TC went */
    run_to_ps(b, t0 + 20 * BIT_PS - EDGE);
    assert_int_equal(rd(b, USART2 + SR) & (TXE | TC), 0);
    run_to_ps(b, t0 + 20 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & (TXE | TC), TXE);
    run_to_ps(b, t0 + 30 * BIT_PS - EDGE);
    assert_int_equal(rd(b, USART2 + SR) & (TXE | TC), TXE);
    run_to_ps(b, t0 + 30 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & (TXE | TC), TXE | TC);
    uint8_t got[4];
    assert_int_equal(receive(b, got, sizeof got), 2);
    assert_memory_equal(got, "AB", 2);
    expect_no_reports(b);
}

static void test_far_end_hears_a_character_in_its_stop_bit(void **state)
{
    struct bench *b = *state;
    uint8_t got;
    open_usart(b, CR1_TE);
    run_ns(b, 200000); /* the idle frame is over */
    uint64_t t0 = now_ps(b);
    wr(b, USART2 + DR, 0x55);
    run_to_ps(b, t0 + 9 * BIT_PS + BIT_PS / 2);
    assert_int_equal(receive(b, &got, 1), 0);
    run_to_ps(b, t0 + 9 * BIT_PS + BIT_PS * 3 / 4);
    assert_int_equal(receive(b, &got, 1), 1);
    assert_int_equal(got, 0x55);
}

static void test_tc_needs_its_sequence(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    run_ns(b, 200000);
    wr(b, USART2 + DR, 1); /* SR was not read before: TC stays */
    assert_int_equal(rd(b, USART2 + SR) & TC, TC);
    run_ns(b, 200000);
    wr(b, USART2 + SR, (uint32_t)~TC);
    assert_int_equal(rd(b, USART2 + SR) & (TC | TXE), TXE);
    wr(b, USART2 + SR, 0xFFFF); /* ones do nothing */
    assert_int_equal(rd(b, USART2 + SR) & (TC | TXE), TXE);
}

static void test_interrupts_follow_flags(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE | CR1_RE);
    assert_false(irq_pending(b, IRQ_USART2));
    wr(b, USART2 + CR1, CR1_UE | CR1_TE | CR1_RE | CR1_TXEIE);
    assert_true(irq_pending(b, IRQ_USART2));
}

static void test_rxne_interrupt(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE | CR1_RXNEIE);
    twin_line_send(b->t, 2, (const uint8_t *)"x", 1);
    run_ns(b, 80000);
    assert_false(irq_pending(b, IRQ_USART2));
    run_ns(b, 7000);
    assert_true(irq_pending(b, IRQ_USART2));
}

static void test_unrouted_pin_reaches_nobody(void **state)
{
    struct bench *b = *state;
    uint8_t got;
    open_usart(b, CR1_TE | CR1_RE);
    route(b, 'A', 2, 8); /* another function */
    route(b, 'A', 3, 8);
    wr(b, USART2 + DR, 'A');
    twin_line_send(b->t, 2, (const uint8_t *)"x", 1);
    run_ns(b, 1000000);
    assert_int_equal(receive(b, &got, 1), 0);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, 0);
    route(b, 'D', 5, 7); /* the alternative pins */
    route(b, 'D', 6, 7);
    wr(b, USART2 + DR, 'A');
    twin_line_send(b->t, 2, (const uint8_t *)"x", 1);
    run_ns(b, 1000000);
    assert_int_equal(receive(b, &got, 1), 1);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, RXNE);
}

static void test_break_is_ten_low_bits(void **state)
{
    struct bench *b = *state;
    uint8_t got[4];
    open_usart(b, CR1_TE);
    run_ns(b, 200000);
    wr(b, USART2 + CR1, CR1_UE | CR1_TE | 1);
    uint64_t t0 = now_ps(b);
    run_to_ps(b, t0 + 11 * BIT_PS - EDGE);
    assert_int_equal(rd(b, USART2 + CR1) & 1, 1);
    run_to_ps(b, t0 + 11 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + CR1) & 1, 0); /* SBK is cleared by hardware */
    run_ns(b, 200000);
    assert_int_equal(receive(b, got, sizeof got), 1);
    assert_int_equal(got[0], 0);
}

static void test_te_cleared_loses_the_character(void **state)
{
    struct bench *b = *state;
    uint8_t got;
    open_usart(b, CR1_TE);
    run_ns(b, 200000);
    wr(b, USART2 + DR, 0x00);
    run_to_ps(b, now_ps(b) + 4 * BIT_PS + BIT_PS * 3 / 4);
    wr(b, USART2 + CR1, CR1_UE);
    run_ns(b, 200000);
    assert_int_equal(receive(b, &got, 1), 1);
    assert_int_equal(got, 0xF0); /* three data bits and the one under way had gone out low */
    expect_reports(b, TWIN_REPORT_USART, 1);
}

static void test_dr_overwritten_is_reported(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    wr(b, USART2 + DR, 'A');
    wr(b, USART2 + DR, 'B'); /* TXE is 0: the idle frame is still going out */
    run_ns(b, 1000000);
    uint8_t got[4];
    assert_int_equal(receive(b, got, sizeof got), 1);
    assert_int_equal(got[0], 'B');
    expect_reports(b, TWIN_REPORT_USART, 1);
}

/* ---- receiver ---- */

static void test_rxne_in_the_stop_bit(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    run_ns(b, 200000);
    uint64_t t0 = now_ps(b);
    twin_line_send(b->t, 2, (const uint8_t *)"\xA5", 1);
    run_to_ps(b, t0 + 9 * BIT_PS + BIT_PS / 2);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, 0);
    run_to_ps(b, t0 + 9 * BIT_PS + BIT_PS * 3 / 4);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, RXNE);
    assert_int_equal(rd(b, USART2 + DR), 0xA5);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, 0);
    expect_no_reports(b);
}

static void test_overrun_keeps_the_old_byte(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    twin_line_send(b->t, 2, (const uint8_t *)"abc", 3);
    run_ns(b, 300000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | ORE | FE | NF), RXNE | ORE);
    assert_int_equal(rd(b, USART2 + DR), 'a');
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | ORE), 0);
    expect_reports(b, TWIN_REPORT_USART, 2); /* b and c */
}

static void test_flags_of_later_errors_survive_a_read_of_dr(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    twin_line_send(b->t, 2, (const uint8_t *)"a", 1);
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | ORE), RXNE);
    twin_line_send(b->t, 2, (const uint8_t *)"b", 1); /* between the reads of SR and DR */
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + DR), 'a');
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | ORE), ORE);
    (void)rd(b, USART2 + DR);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | ORE), 0);
}

static void test_framing_error(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    twin_line_send_framing_error(b->t, 2, 0xC3);
    twin_line_send(b->t, 2, (const uint8_t *)"z", 1);
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE | NF | ORE), RXNE | FE);
    assert_int_equal(rd(b, USART2 + DR), 0xC3);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE), 0);
    run_ns(b, 200000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE), RXNE); /* back in step */
    assert_int_equal(rd(b, USART2 + DR), 'z');
    expect_reports(b, TWIN_REPORT_USART, 1);
}

static void test_noise_flag_and_onebit(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    twin_line_send_noise(b->t, 2, 0x5A);
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | NF | FE), RXNE | NF);
    assert_int_equal(rd(b, USART2 + DR), 0x5A);
    assert_int_equal(rd(b, USART2 + SR) & NF, 0);
    wr(b, USART2 + CR3, 0x800); /* ONEBIT */
    twin_line_send_noise(b->t, 2, 0x5A);
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | NF | FE), RXNE);
    assert_int_equal(rd(b, USART2 + DR), 0x5A);
}

static void test_break_is_a_framing_error_of_zero(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    twin_line_send_break(b->t, 2);
    run_ns(b, 200000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE), RXNE | FE);
    assert_int_equal(rd(b, USART2 + DR), 0);
}

static void test_idle_once_after_enable_and_once_after_data(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    uint64_t t0 = now_ps(b);
    run_to_ps(b, t0 + 10 * BIT_PS - EDGE);
    assert_int_equal(rd(b, USART2 + SR) & IDLE, 0);
    run_to_ps(b, t0 + 10 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & IDLE, IDLE);
    (void)rd(b, USART2 + DR);
    run_ns(b, 5000000);
    assert_int_equal(rd(b, USART2 + SR) & IDLE, 0); /* not again without data */
    t0 = now_ps(b);
    twin_line_send(b->t, 2, (const uint8_t *)"ab", 2);
    run_to_ps(b, t0 + 11 * BIT_PS);
    (void)rd(b, USART2 + DR);
    run_to_ps(b, t0 + 29 * BIT_PS);
    assert_int_equal(rd(b, USART2 + SR) & (IDLE | RXNE), RXNE);
    run_to_ps(b, t0 + 30 * BIT_PS);
    assert_int_equal(rd(b, USART2 + SR) & IDLE, IDLE);
    (void)rd(b, USART2 + DR);
    run_ns(b, 5000000);
    assert_int_equal(rd(b, USART2 + SR) & IDLE, 0);
}

static void test_receiver_enabled_in_the_middle_of_a_character(void **state)
{
    struct bench *b = *state;
    open_usart(b, 0);
    twin_line_send(b->t, 2, (const uint8_t *)"\xFF", 1);
    run_to_ps(b, now_ps(b) + 2 * BIT_PS);
    wr(b, USART2 + CR1, CR1_UE | CR1_RE);
    run_ns(b, 60000);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, 0); /* its start bit was missed */
    twin_line_send(b->t, 2, (const uint8_t *)"k", 1);
    run_ns(b, 200000);
    assert_int_equal(rd(b, USART2 + SR) & RXNE, RXNE);
    assert_int_equal(rd(b, USART2 + DR), 'k');
}

/* A pulse shorter than half a bit is no start bit: no character, no flag, and no new idle line. */
static void test_a_glitch_is_no_character(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    run_ns(b, 200000);
    (void)rd(b, USART2 + SR);
    (void)rd(b, USART2 + DR); /* IDLE of the start is gone */
    open_line(b, 1000000);
    twin_line_send(b->t, 2, (const uint8_t *)"\xFF", 1); /* low for 1 us of 8.7 */
    run_ns(b, 1000000);
    assert_int_equal(rd(b, USART2 + SR), TXE | TC);
    open_line(b, 115108);
    twin_line_send(b->t, 2, (const uint8_t *)"k", 1);
    run_ns(b, 100000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE | NF), RXNE);
    assert_int_equal(rd(b, USART2 + DR), 'k');
}

/* ---- formats ---- */

static void test_parity_takes_the_place_of_the_top_bit(void **state)
{
    struct bench *b = *state;
    uint8_t got[2];
    open_usart(b, CR1_TE | CR1_PCE); /* M = 0: seven bits and even parity */
    run_ns(b, 200000);
    wr(b, USART2 + DR, 0x07);
    run_ns(b, 200000);
    wr(b, USART2 + CR1, CR1_UE | CR1_TE | CR1_PCE | CR1_PS);
    wr(b, USART2 + DR, 0x87);
    run_ns(b, 200000);
    assert_int_equal(receive(b, got, sizeof got), 2); /* the far end takes it for a bit of data */
    assert_int_equal(got[0], 0x87);
    assert_int_equal(got[1], 0x07);
}

static void test_parity_both_ways(void **state)
{
    struct bench *b = *state;
    uint8_t got;
    open_usart(b, 0);
    wr(b, USART2 + CR1, CR1_UE | CR1_RE | CR1_TE | CR1_PCE | CR1_M); /* 8 bits and even parity */
    twin_line_set(b->t, 2, &(struct twin_line){.baud = 115108, .parity = 'E'});
    twin_line_send(b->t, 2, (const uint8_t *)"\x07", 1);
    run_ns(b, 200000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | PE | FE), RXNE);
    assert_int_equal(rd(b, USART2 + DR), 0x107); /* three ones: the parity bit is 1 */
    wr(b, USART2 + DR, 0x07);
    run_ns(b, 200000);
    assert_int_equal(receive(b, &got, 1), 1);
    assert_int_equal(got, 0x07);
    twin_line_set(b->t, 2, &(struct twin_line){.baud = 115108, .parity = 'O'});
    twin_line_send(b->t, 2, (const uint8_t *)"\x07", 1);
    run_ns(b, 200000);
    assert_int_equal(rd(b, USART2 + SR) & (RXNE | PE), RXNE | PE);
    assert_int_equal(rd(b, USART2 + DR), 0x007);
    assert_int_equal(rd(b, USART2 + SR) & PE, 0);
    expect_reports(b, TWIN_REPORT_USART, 1);
}

static void test_nine_bits_and_two_stop_bits(void **state)
{
    struct bench *b = *state;
    open_usart(b, 0);
    wr(b, USART2 + CR2, 2u << 12);
    wr(b, USART2 + CR1, CR1_UE | CR1_TE | CR1_M);
    run_ns(b, 300000);
    uint64_t t0 = now_ps(b);
    (void)rd(b, USART2 + SR);
    wr(b, USART2 + DR, 0x1AA);
    run_to_ps(b, t0 + 12 * BIT_PS - EDGE); /* 1 + 9 + 2 */
    assert_int_equal(rd(b, USART2 + SR) & TC, 0);
    run_to_ps(b, t0 + 12 * BIT_PS + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & TC, TC);
}

static void test_oversampling_by_8_halves_the_divider(void **state)
{
    struct bench *b = *state;
    open_usart(b, 0);
    wr(b, USART2 + BRR, (8u << 4) | 5); /* 8 * 8 + 5 = 69 cycles a bit */
    wr(b, USART2 + CR1, CR1_UE | CR1_TE | CR1_OVER8);
    run_ns(b, 300000);
    uint64_t t0 = now_ps(b);
    (void)rd(b, USART2 + SR);
    wr(b, USART2 + DR, 'A');
    run_to_ps(b, t0 + 690 * UINT64_C(62500) - EDGE);
    assert_int_equal(rd(b, USART2 + SR) & TC, 0);
    run_to_ps(b, t0 + 690 * UINT64_C(62500) + EDGE);
    assert_int_equal(rd(b, USART2 + SR) & TC, TC);
}

static void test_clock_change_in_the_middle_of_a_character(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    run_ns(b, 200000);
    uint64_t t0 = now_ps(b);
    (void)rd(b, USART2 + SR);
    wr(b, USART2 + DR, 'A');
    run_to_ps(b, t0 + 5 * BIT_PS);
    wr(b, RCC_CFGR,
       4u << 10); /* PPRE1: APB1 at half the clock; the other half lasts twice as long */
    run_to_ps(b, t0 + 15 * BIT_PS - 1000000);
    assert_int_equal(rd(b, USART2 + SR) & TC, 0);
    run_to_ps(b, t0 + 15 * BIT_PS + 1000000);
    assert_int_equal(rd(b, USART2 + SR) & TC, TC);
}

/* ---- baud rates that differ ---- */

static const struct {
    int permille;       /* far end's rate against the board's */
    bool in_ok, out_ok; /* all characters right and unflagged; as the far end hears them */
} rates[] = {
    {-30, true, true},    {-20, true, true},    {0, true, true},     {20, true, true},
    {30, true, true},     {-90, false, false},  {-70, false, false}, {100, false, false},
    {70, false, true}, /* only the stop bit is missed, and a port in raw mode does not mind */
    {1000, false, false}, {-500, false, false},
};

static void test_wrong_baud_rates_garble_both_ways(void **state)
{
    struct bench *b = *state;
    static const uint8_t text[] = "Ararext \x00\xFF\x55\xAA\x01\x80";
    open_usart(b, CR1_RE | CR1_TE);
    run_ns(b, 1000000);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        open_line(b, (uint32_t)(115108 * (1000 + rates[i].permille) / 1000));
        unsigned in_ok = 0, out_ok = 0;
        for (size_t k = 0; k < sizeof text; k++) {
            (void)rd(b, USART2 + SR);
            (void)rd(b, USART2 + DR);
            twin_line_send(b->t, 2, &text[k], 1);
            wr(b, USART2 + DR, text[k]);
            run_ns(b, 1000000);
            uint8_t got[32];
            size_t n = receive(b, got, sizeof got);
            out_ok += n == 1 && got[0] == text[k];
            uint32_t sr = rd(b, USART2 + SR);
            uint32_t dr = rd(b, USART2 + DR);
            in_ok += (sr & (RXNE | FE | ORE)) == RXNE && dr == text[k];
        }
        print_message("%5d permille: %2u and %2u of %zu\n", rates[i].permille, in_ok, out_ok,
                      sizeof text);
        assert_int_equal(in_ok == sizeof text, rates[i].in_ok);
        assert_int_equal(out_ok == sizeof text, rates[i].out_ok);
    }
    expect_reports(b, TWIN_REPORT_USART, 81); /* all rates, both ways; the same in every run */
}

/* Characters without pause: the drift of one must not reach the next. */
static void test_a_stream_at_two_percent_off(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_RE);
    open_line(b, 115108 * 102 / 100);
    uint8_t sent[200];
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 37);
    }
    twin_line_send(b->t, 2, sent, sizeof sent);
    for (size_t i = 0; i < sizeof sent; i++) {
        for (unsigned wait = 0; wait < 100 && (rd(b, USART2 + SR) & RXNE) == 0; wait++) {
            run_ns(b, 2000);
        }
        assert_int_equal(rd(b, USART2 + SR) & (RXNE | FE | NF | ORE), RXNE);
        assert_int_equal(rd(b, USART2 + DR), sent[i]);
    }
    assert_int_equal(twin_line_unsent(b->t, 2), 1); /* the last stop bit is still on the wire */
    expect_no_reports(b);
}

static void test_rates_that_differ_are_told_once_each_way(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    open_line(b, 57600);
    wr(b, USART2 + DR, 'a');
    run_ns(b, 1000000);
    wr(b, USART2 + DR, 'a');
    run_ns(b, 1000000);
    expect_reports(b, TWIN_REPORT_USART, 1);
    open_line(b, 9600);
    twin_line_send(b->t, 2, (const uint8_t *)"a", 1);
    run_ns(b, 5000000);
    expect_reports(b, TWIN_REPORT_USART, 1); /* the receiver is off */
    wr(b, USART2 + CR1, CR1_UE | CR1_RE);
    twin_line_send(b->t, 2, (const uint8_t *)"\xFF", 1);
    run_ns(b, 5000000);
    assert_non_null(strstr(b->first_report, "57600"));
    expect_reports(b, TWIN_REPORT_USART, 3); /* the other way, and what it did: a framing error */
}

static void test_what_is_not_modelled_is_told_once(void **state)
{
    struct bench *b = *state;
    open_usart(b, CR1_TE);
    wr(b, USART2 + CR2, 0x4000); /* LINEN */
    wr(b, USART2 + CR2, 0x4000);
    wr(b, USART2 + CR3, 0x0100); /* RTSE */
    wr(b, USART2 + CR3, 0x0100);
    expect_reports(b, TWIN_REPORT_UNMODELLED, 2);
}

static void test_no_baud_rate_is_reported(void **state)
{
    struct bench *b = *state;
    wr(b, USART2 + CR1, CR1_UE | CR1_TE);
    expect_reports(b, TWIN_REPORT_USART, 1);
    wr(b, USART2 + DR, 'A');
    run_ns(b, 1000000);
    assert_int_equal(rd(b, USART2 + SR) & TXE, 0); /* nothing ever moves */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_preamble_then_characters_at_exact_times),
        T(test_far_end_hears_a_character_in_its_stop_bit),
        T(test_tc_needs_its_sequence),
        T(test_interrupts_follow_flags),
        T(test_rxne_interrupt),
        T(test_unrouted_pin_reaches_nobody),
        T(test_break_is_ten_low_bits),
        T(test_te_cleared_loses_the_character),
        T(test_dr_overwritten_is_reported),
        T(test_rxne_in_the_stop_bit),
        T(test_overrun_keeps_the_old_byte),
        T(test_flags_of_later_errors_survive_a_read_of_dr),
        T(test_framing_error),
        T(test_noise_flag_and_onebit),
        T(test_break_is_a_framing_error_of_zero),
        T(test_idle_once_after_enable_and_once_after_data),
        T(test_receiver_enabled_in_the_middle_of_a_character),
        T(test_a_glitch_is_no_character),
        T(test_parity_takes_the_place_of_the_top_bit),
        T(test_parity_both_ways),
        T(test_nine_bits_and_two_stop_bits),
        T(test_oversampling_by_8_halves_the_divider),
        T(test_clock_change_in_the_middle_of_a_character),
        T(test_wrong_baud_rates_garble_both_ways),
        T(test_a_stream_at_two_percent_off),
        T(test_rates_that_differ_are_told_once_each_way),
        T(test_what_is_not_modelled_is_told_once),
        T(test_no_baud_rate_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
