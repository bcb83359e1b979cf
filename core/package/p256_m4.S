/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of p256.h for the Cortex-M4: UMAAL (Rd:Rc += Rn * Rm, with two words to add) makes
 * long multiplication one instruction a product. Held against p256_c.c by tests that run both.
 *
 * Each function keeps r4-r11 as the procedure call standard wants it. Comments count words from 0.
 */
    .syntax unified
    .thumb
    .cpu cortex-m4

/* FUNCTION name ... END name: a section of its own, so that the linker drops what is not used. */
    .macro FUNCTION name
    .section .text.\name, "ax", %progbits
    .global \name
    .type \name, %function
    .balign 4
\name:
    .endm
    .macro END name
    .size \name, . - \name
    .endm

/* x in r3-r10 (from r1), combined with y (from r2) by two instructions: that of the first word, and
 * that of the others, which takes the carry along. */
    .macro COMBINE first, others
    ldmia r1, {r3-r10}
    ldmia r2!, {r1, r11, r12, lr}
    \first r3, r3, r1
    \others r4, r4, r11
    \others r5, r5, r12
    \others r6, r6, lr
    ldmia r2, {r1, r11, r12, lr}
    \others r7, r7, r1
    \others r8, r8, r11
    \others r9, r9, r12
    \others r10, r10, lr
    .endm

/* uint32_t p256_add(z, x, y) */
FUNCTION p256_add
    push {r4-r11, lr}
    COMBINE adds, adcs
    stmia r0, {r3-r10}
    mov r0, #0
    adc r0, r0, #0
    pop {r4-r11, pc}
END p256_add

/* uint32_t p256_subtract(z, x, y) */
FUNCTION p256_subtract
    push {r4-r11, lr}
    COMBINE subs, sbcs
    stmia r0, {r3-r10}
    sbc r0, r0, r0      /* 0, or all ones with a borrow */
    rsb r0, r0, #0
    pop {r4-r11, pc}
END p256_subtract

/*
 * The field's functions come in two forms: an inner one, for code here, which changes r1-r12 and lr,
 * and what C calls, which keeps r4-r11.
 */
    .macro INNER name
    .section .text.p256_m4_field, "ax", %progbits
    .type \name, %function
    .balign 4
\name:
    .endm
    .macro OUTER name, inner
FUNCTION \name
    push {r4-r11, lr}
    bl \inner
    pop {r4-r11, pc}
END \name
    .endm

/* x in r3-r10, with a carry that stands for 2^256 = 2^224 - 2^192 - 2^96 + 1 mod p: puts it back in;
 * that may carry once more. */
    .macro REDUCE_CARRY
    bcc 2f
1:  adds r3, r3, #1
    adcs r4, r4, #0
    adcs r5, r5, #0
    sbcs r6, r6, #0     /* no carry from word 2 is the borrow of 2^96 ... */
    sbcs r7, r7, #0
    sbcs r8, r8, #0
    sbcs r9, r9, #1
    adcs r10, r10, #0   /* ... and no borrow from word 6 the carry of 2^224 */
    bcs 1b
2:
    .endm
/* r3-r10 += p; the carry is that of the sum. Adding all ones is subtracting 0 without a carry. */
    .macro ADD_P
    subs r3, r3, #1
    sbcs r4, r4, #0
    sbcs r5, r5, #0
    adcs r6, r6, #0
    adcs r7, r7, #0
    adcs r8, r8, #0
    adcs r9, r9, #1
    sbcs r10, r10, #0
    .endm

INNER m4_add
    push {lr}
    COMBINE adds, adcs
    REDUCE_CARRY
    stmia r0, {r3-r10}
    pop {pc}
END m4_add

INNER m4_subtract
    push {lr}
    COMBINE subs, sbcs
    bcs 2f
1:  ADD_P
    bcc 1b
2:  stmia r0, {r3-r10}
    pop {pc}
END m4_subtract

/* z (r0) = 3 x (r1) / 2 */
INNER m4_three_halves
    push {lr}
    ldmia r1, {r3-r10}
    adds r3, r3, r3
    adcs r4, r4, r4
    adcs r5, r5, r5
    adcs r6, r6, r6
    adcs r7, r7, r7
    adcs r8, r8, r8
    adcs r9, r9, r9
    adcs r10, r10, r10
    REDUCE_CARRY
    ldmia r1!, {r2, r11, r12, lr}
    adds r3, r3, r2
    adcs r4, r4, r11
    adcs r5, r5, r12
    adcs r6, r6, lr
    ldmia r1, {r2, r11, r12, lr}
    adcs r7, r7, r2
    adcs r8, r8, r11
    adcs r9, r9, r12
    adcs r10, r10, lr
    REDUCE_CARRY
    lsrs r2, r3, #1     /* carry: odd; else the bit that comes in from above */
    bcc 3f
    ADD_P
3:  rrxs r10, r10
    rrxs r9, r9
    rrxs r8, r8
    rrxs r7, r7
    rrxs r6, r6
    rrxs r5, r5
    rrxs r4, r4
    rrxs r3, r3
    stmia r0, {r3-r10}
    pop {pc}
END m4_three_halves

OUTER p256_field_add, m4_add
OUTER p256_field_subtract, m4_subtract
OUTER p256_field_multiply, m4_multiply

/* void p256_halve(z, m) */
FUNCTION p256_halve
    push {r4-r11, lr}
    ldmia r0, {r2-r9}
    lsrs r12, r2, #1    /* carry: z is odd. If not, it is also the bit that comes in from above */
    bcc 1f
    ldmia r1!, {r10-r12, lr}
    adds r2, r2, r10
    adcs r3, r3, r11
    adcs r4, r4, r12
    adcs r5, r5, lr
    ldmia r1, {r10-r12, lr}
    adcs r6, r6, r10
    adcs r7, r7, r11
    adcs r8, r8, r12
    adcs r9, r9, lr
1:  rrxs r9, r9
    rrxs r8, r8
    rrxs r7, r7
    rrxs r6, r6
    rrxs r5, r5
    rrxs r4, r4
    rrxs r3, r3
    rrxs r2, r2
    stmia r0, {r2-r9}
    pop {r4-r11, pc}
END p256_halve

/* Four products of one word of x with the four words of y in r8-r11, added to four words of the sum
 * and a carry, which comes out as the fifth. */
    .macro ROW x, carry, s0, s1, s2, s3
    umaal \s0, \carry, \x, r8
    umaal \s1, \carry, \x, r9
    umaal \s2, \carry, \x, r10
    umaal \s3, \carry, \x, r11
    .endm
/* The same, with the sum's word i + 4 of what the lower half of y gave. */
    .macro ROW2 i, x, carry, s0, s1, s2, s3
    ldr \carry, [r0, #16 + 4 * \i]
    ROW \x, \carry, \s0, \s1, \s2, \s3
    str \s0, [r0, #16 + 4 * \i]
    .endm

/* In: r1 = x, r2 = y. Out: all 16 words at r0. Changes r1-r12. The lower half of y first, then the
 * upper one; the five words r3-r7 take turns as window on the sum. */
    .section .text.p256_m4_product, "ax", %progbits
    .type p256_m4_product, %function
    .balign 16
p256_m4_product:
    push {lr}
    mov lr, r2
    ldmia lr!, {r8-r11}
    ldrd r2, r12, [r1]
    umull r3, r4, r2, r8
    str r3, [r0]
    movs r5, #0
    umaal r4, r5, r2, r9
    movs r6, #0
    umaal r5, r6, r2, r10
    movs r7, #0
    umaal r6, r7, r2, r11
    movs r3, #0
    ROW r12, r3, r4, r5, r6, r7
    str r4, [r0, #4]
    ldrd r2, r12, [r1, #8]
    movs r4, #0
    ROW r2, r4, r5, r6, r7, r3
    str r5, [r0, #8]
    movs r5, #0
    ROW r12, r5, r6, r7, r3, r4
    str r6, [r0, #12]
    ldrd r2, r12, [r1, #16]
    movs r6, #0
    ROW r2, r6, r7, r3, r4, r5
    str r7, [r0, #16]
    movs r7, #0
    ROW r12, r7, r3, r4, r5, r6
    str r3, [r0, #20]
    ldrd r2, r12, [r1, #24]
    movs r3, #0
    ROW r2, r3, r4, r5, r6, r7
    str r4, [r0, #24]
    movs r4, #0
    ROW r12, r4, r5, r6, r7, r3
    str r5, [r0, #28]
    str r6, [r0, #32]
    str r7, [r0, #36]
    str r3, [r0, #40]
    str r4, [r0, #44]
    ldmia lr, {r8-r11}
    movs r3, #0
    movs r4, #0
    movs r5, #0
    movs r6, #0
    ldrd r2, r12, [r1]
    ROW2 0, r2, r7, r3, r4, r5, r6
    ROW2 1, r12, r3, r4, r5, r6, r7
    ldrd r2, r12, [r1, #8]
    ROW2 2, r2, r4, r5, r6, r7, r3
    ROW2 3, r12, r5, r6, r7, r3, r4
    ldrd r2, r12, [r1, #16]
    ROW2 4, r2, r6, r7, r3, r4, r5
    ROW2 5, r12, r7, r3, r4, r5, r6
    ldrd r2, r12, [r1, #24]
    ROW2 6, r2, r3, r4, r5, r6, r7
    ROW2 7, r12, r4, r5, r6, r7, r3
    str r6, [r0, #48]
    str r7, [r0, #52]
    str r3, [r0, #56]
    str r4, [r0, #60]
    pop {pc}
    .size p256_m4_product, . - p256_m4_product

/* void p256_multiply(z, x, y) */
FUNCTION p256_multiply
    push {r4-r11, lr}
    bl p256_m4_product
    pop {r4-r11, pc}
END p256_multiply

/*
 * z (r0) = x (r1) * y (r2) / 2^256
 *
 * p is -1 mod 2^96: three words m = (a, b, c) of the product go when m * p is added to them, since
 * m * p = m * 2^256 - m * 2^224 + m * 2^192 + m * 2^96 - m. Counted from the words that go, m is to
 * be added at word 3, and m * (2^64 - 2^32 + 1) at word 6, which is
 *     word 6: a    7: b - a    8: c + a - b    9: b - c    10: c    with borrows and carries.
 * Three words go, three more, then two; the product's words 8 to 15 are left, and a carry.
 */
    .macro SPREAD a, b, c       /* words 7 to 10 of that, to r3-r6 */
    rsbs r3, \a, #0
    sbcs r4, \a, \b
    sbcs r5, \b, \c
    sbc r6, \c, #0
    adds r3, r3, \b
    adcs r4, r4, \c
    adcs r5, r5, #0
    adc r6, r6, #0
    .endm
INNER m4_multiply
    push {r0, lr}
    sub sp, sp, #64
    mov r0, sp
    bl p256_m4_product
    ldmia sp, {r0-r2}           /* m: words 0 to 2 */
    SPREAD r0, r1, r2
    add lr, sp, #12
    ldmia lr!, {r7-r9}          /* words 3 to 5 */
    adds r7, r7, r0
    adcs r8, r8, r1
    adcs r9, r9, r2
    ldmia lr!, {r1, r2, r10-r12} /* words 6 to 10 */
    adcs r1, r1, r0
    adcs r2, r2, r3
    adcs r10, r10, r4
    adcs r11, r11, r5
    adcs r12, r12, r6
    mov r0, #0
    adc r0, r0, #0              /* into word 11 */
    SPREAD r7, r8, r9           /* m: words 3 to 5 */
    adds r4, r4, r0
    adcs r5, r5, #0
    adc r6, r6, #0              /* m * (2^64 - 2^32 + 1) is far enough below 2^160 */
    adds r1, r1, r7
    adcs r2, r2, r8
    adcs r10, r10, r9
    adcs r11, r11, r7
    adcs r12, r12, r3
    ldmia lr!, {r0, r8, r9}     /* words 11 to 13 */
    adcs r0, r0, r4
    adcs r8, r8, r5
    adcs r9, r9, r6
    mov r7, #0
    adc r7, r7, #0              /* into word 14 */
    rsbs r3, r1, #0             /* m: words 6 and 7, c is 0 */
    sbcs r4, r1, r2
    sbc r5, r2, #0
    adds r3, r3, r2
    adcs r4, r4, #0
    adc r5, r5, #0
    adds r4, r4, r7
    adc r5, r5, #0
    adds r11, r11, r1
    adcs r12, r12, r2
    adcs r0, r0, #0
    adcs r8, r8, r1
    adcs r9, r9, r3
    ldmia lr, {r6, r7}          /* words 14 and 15 */
    adcs r6, r6, r4
    adcs r7, r7, r5
    bcc 1f
    adds r10, r10, #1           /* a carry: less p, as in p256_field_add */
    adcs r11, r11, #0
    adcs r12, r12, #0
    sbcs r0, r0, #0
    sbcs r8, r8, #0
    sbcs r9, r9, #0
    sbcs r6, r6, #1
    adc r7, r7, #0
1:  ldr lr, [sp, #64]
    strd r10, r11, [lr]
    str r12, [lr, #8]
    str r0, [lr, #12]
    strd r8, r9, [lr, #16]
    strd r6, r7, [lr, #24]
    add sp, sp, #68
    pop {pc}
END m4_multiply

/*
 * void p256_point_double(struct p256_point *p), the same steps as in p256_c.c. On the stack: a, b, s
 * and the point's address; the point's x, y and z follow each other.
 */
    .equ frame, 96
    .macro LOCAL reg, offset
    add \reg, sp, #\offset
    .endm
    .macro COORDINATE reg, offset
    ldr \reg, [sp, #frame]
    .if \offset
    adds \reg, #\offset
    .endif
    .endm
    .equ at_a, 0
    .equ at_b, 32
    .equ at_s, 64
    .equ at_x, 0
    .equ at_y, 32
    .equ at_z, 64
FUNCTION p256_point_double
    push {r0, r4-r11, lr}
    sub sp, sp, #frame
    COORDINATE r1, at_z
    mov r2, r1
    LOCAL r0, at_a
    bl m4_multiply          /* a = z^2 */
    COORDINATE r2, at_z
    COORDINATE r1, at_y
    mov r0, r2
    bl m4_multiply          /* z = y z */
    COORDINATE r1, at_x
    LOCAL r2, at_a
    LOCAL r0, at_b
    bl m4_subtract          /* b = x - a */
    COORDINATE r1, at_x
    LOCAL r2, at_a
    mov r0, r2
    bl m4_add               /* a = x + a */
    LOCAL r1, at_a
    LOCAL r2, at_b
    mov r0, r1
    bl m4_multiply          /* a = a b */
    LOCAL r1, at_a
    mov r0, r1
    bl m4_three_halves      /* a = 3/2 a */
    COORDINATE r1, at_y
    mov r2, r1
    LOCAL r0, at_b
    bl m4_multiply          /* b = y^2 */
    COORDINATE r1, at_x
    LOCAL r2, at_b
    LOCAL r0, at_s
    bl m4_multiply          /* s = x b */
    LOCAL r1, at_b
    mov r2, r1
    mov r0, r1
    bl m4_multiply          /* b = b^2 */
    LOCAL r1, at_a
    mov r2, r1
    COORDINATE r0, at_x
    bl m4_multiply          /* x = a^2 */
    COORDINATE r1, at_x
    LOCAL r2, at_s
    mov r0, r1
    bl m4_subtract          /* x = x - s */
    COORDINATE r1, at_x
    LOCAL r2, at_s
    mov r0, r1
    bl m4_subtract          /* x = x - s */
    LOCAL r1, at_s
    COORDINATE r2, at_x
    mov r0, r1
    bl m4_subtract          /* s = s - x */
    LOCAL r1, at_s
    LOCAL r2, at_a
    mov r0, r1
    bl m4_multiply          /* s = s a */
    LOCAL r1, at_s
    LOCAL r2, at_b
    COORDINATE r0, at_y
    bl m4_subtract          /* y = s - b */
    add sp, sp, #frame + 4
    pop {r4-r11, pc}
END p256_point_double
