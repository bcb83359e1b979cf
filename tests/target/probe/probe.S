/* SPDX-License-Identifier: MIT */
/*
 * An application for tests: notes the state the core was entered in, then performs a script of
 * register reads and writes that the test has put behind the code, and loops. Position independent,
 * so that it runs from flash and from SRAM. It must not touch anything that the script does not name.
 *
 * Results (tests/support/image.h): word 0 a magic number when all is done, words 1 to 8 the core's
 * registers at entry, from word 16 on the values read. PM0214 section 2.1.3 (core registers).
 */
    .syntax unified
    .cpu cortex-m4
    .thumb
    .text
    .global probe
    .thumb_func
probe:
    ldr r0, =0x20010000
    mov r1, sp
    str r1, [r0, #4]
    mrs r1, psp
    str r1, [r0, #8]
    mrs r1, control
    str r1, [r0, #12]
    mrs r1, primask
    str r1, [r0, #16]
    mrs r1, basepri
    str r1, [r0, #20]
    mrs r1, faultmask
    str r1, [r0, #24]
    mrs r1, ipsr
    str r1, [r0, #28]
    mov r1, pc
    str r1, [r0, #32]
    adds r5, r0, #64
    adr r4, script
next:
    ldm r4!, {r1, r2, r3}
    cmp r1, #1
    beq read_word
    cmp r1, #2
    beq write_word
    ldr r1, =0x600DF00D
    str r1, [r0]
stay:
    b stay
read_word:
    ldr r3, [r2]
    str r3, [r5], #4
    b next
write_word:
    str r3, [r2]
    b next
    .ltorg
    .align 2
script:
