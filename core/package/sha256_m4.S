/* SPDX-License-Identifier: MIT */
/*
 * SHA-256's compression (FIPS 180-4 section 6.2.2) for the Cortex-M4; sha256_c.c has the same in C,
 * and tests hold both against each other. Of a block, the 64 words of its schedule are made first,
 * on the stack; then the rounds take them from there. Eight rounds in a row need no moves between
 * registers, and fit the flash's instruction cache together with the schedule.
 */
    .syntax unified
    .thumb
    .cpu cortex-m4

    .equ words, 256         /* bytes of a block's schedule, the lowest on the stack */
    .equ frame, 512         /* behind it the constants and a 0 */
    .equ state_at, frame + 4 /* then the arguments */
    .equ data_at, frame + 8
    .equ count_at, frame + 12

    .macro SIGMA0 d, w
    lsr \d, \w, #3
    eor \d, \d, \w, ror #7
    eor \d, \d, \w, ror #18
    .endm
    .macro ADD_SIGMA1 d, w, t
    lsr \t, \w, #10
    eor \t, \t, \w, ror #17
    eor \t, \t, \w, ror #19
    add \d, \d, \t
    .endm

/* Four words of the schedule at lr, to o0-o3 and to memory; r8, m2 and m1 are those 16, 2 and 1 before
 * the first. */
    .macro FOUR m2, m1, o0, o1, o2, o3
    ldrd r0, r1, [lr, #-60]
    ldrd r2, r3, [lr, #-52]
    SIGMA0 \o0, r0
    add \o0, \o0, r8
    SIGMA0 \o1, r1
    add \o1, \o1, r0
    SIGMA0 \o2, r2
    add \o2, \o2, r1
    SIGMA0 \o3, r3
    add \o3, \o3, r2
    mov r8, r3
    ldrd r0, r1, [lr, #-28]
    ldrd r2, r3, [lr, #-20]
    add \o0, \o0, r0
    ADD_SIGMA1 \o0, \m2, r11
    add \o1, \o1, r1
    ADD_SIGMA1 \o1, \m1, r11
    add \o2, \o2, r2
    ADD_SIGMA1 \o2, \o0, r11
    add \o3, \o3, r3
    ADD_SIGMA1 \o3, \o1, r11
    stmia lr!, {\o0, \o1, \o2, \o3}
    .endm

/* One round; h has the round's word and constant added. The large sigmas are rotated as a whole at
 * the end: (x ^ x ror 5 ^ x ror 19) ror 6. Maj(a, b, c) is ((a ^ b) & (b ^ c)) ^ b: b ^ c is what the
 * round before left in \bc, and this one leaves a ^ b in \ab. */
    .macro ROUND a, b, c, d, e, f, g, h, bc, ab
    eor r0, \e, \e, ror #5
    eor r0, r0, \e, ror #19
    add \h, \h, r0, ror #6
    eor r0, \f, \g
    and r0, r0, \e
    eor r0, r0, \g
    add \h, \h, r0
    add \d, \d, \h
    eor r0, \a, \a, ror #11
    eor r0, r0, \a, ror #20
    add \h, \h, r0, ror #2
    eor \ab, \a, \b
    and \bc, \bc, \ab
    eor \bc, \bc, \b
    add \h, \h, \bc
    .endm
/* Two rounds: two constants from r3, two words from the stack. What is behind sp is not needed any
 * more: an interrupt may use it. */
    .macro ROUNDS a, b, c, d, e, f, g, h
    ldmia r3!, {r0, r12}
    add \h, \h, r0
    ldmia sp!, {r0, lr}
    add \h, \h, r0
    ROUND \a, \b, \c, \d, \e, \f, \g, \h, r1, r2
    add \g, \g, r12
    add \g, \g, lr
    ROUND \h, \a, \b, \c, \d, \e, \f, \g, r2, r1
    .endm

/* const uint8_t *sha256_blocks(uint32_t state[8], const uint8_t *data, size_t count); count is not 0 */
    .section .text.sha256_blocks, "ax", %progbits
    .global sha256_blocks
    .type sha256_blocks, %function
    .balign 16
sha256_blocks:
    push {r0-r2, r4-r11, lr}
    movs r3, #0
    push {r3}
    sub sp, sp, #frame
    adr r0, constants
    add r1, sp, #words
    movs r2, #8
copy:                       /* or each block reads them from flash, whose cache for data is half as large */
    ldmia r0!, {r3-r10}
    stmia r1!, {r3-r10}
    subs r2, r2, #1
    bne copy
block:
    mov lr, sp
    ldr r0, [sp, #data_at]
    movs r1, #4
load:                       /* 16 words, big-endian, from any address; the last two stay in r6, r7 */
    ldr r4, [r0], #4
    ldr r5, [r0], #4
    ldr r6, [r0], #4
    ldr r7, [r0], #4
    rev r4, r4
    rev r5, r5
    rev r6, r6
    rev r7, r7
    stmia lr!, {r4-r7}
    subs r1, r1, #1
    bne load
    str r0, [sp, #data_at]
    ldr r8, [sp]
    movs r12, #6
schedule:
    FOUR r6, r7, r4, r5, r9, r10
    FOUR r9, r10, r4, r5, r6, r7
    subs r12, r12, #1
    bne schedule
    ldr r0, [sp, #state_at]
    ldmia r0, {r4-r11}      /* a to h */
    add r3, sp, #words
    eor r1, r5, r6          /* b ^ c */
rounds:
    ROUNDS r4, r5, r6, r7, r8, r9, r10, r11
    ROUNDS r10, r11, r4, r5, r6, r7, r8, r9
    ROUNDS r8, r9, r10, r11, r4, r5, r6, r7
    ROUNDS r6, r7, r8, r9, r10, r11, r4, r5
    ldr r0, [r3]            /* none of the constants is 0 */
    cmp r0, #0
    bne rounds
    ldr r0, [sp, #state_at - words]
    ldmia r0, {r1-r3, r12}
    add r4, r4, r1
    add r5, r5, r2
    add r6, r6, r3
    add r7, r7, r12
    stmia r0!, {r4-r7}
    ldmia r0, {r1-r3, r12}
    add r8, r8, r1
    add r9, r9, r2
    add r10, r10, r3
    add r11, r11, r12
    stmia r0, {r8-r11}
    ldr r2, [sp, #count_at - words]
    sub sp, sp, #words
    subs r2, r2, #1
    str r2, [sp, #count_at]
    bne block
    ldr r0, [sp, #data_at]
    add sp, sp, #frame + 16
    pop {r4-r11, pc}
    .balign 4
constants:                  /* the first 32 bits of the fractions of the cube roots of 64 primes */
    .word 0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5
    .word 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5
    .word 0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3
    .word 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174
    .word 0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC
    .word 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA
    .word 0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7
    .word 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967
    .word 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13
    .word 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85
    .word 0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3
    .word 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070
    .word 0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5
    .word 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3
    .word 0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208
    .word 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2
    .size sha256_blocks, . - sha256_blocks
