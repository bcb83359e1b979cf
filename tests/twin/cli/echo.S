/* SPDX-License-Identifier: MIT */
/*
 * What the tests of ararext-twin run: position independent, on HSI. Says two lines on USART3, lights
 * PA5, then answers each byte on USART2 with its successor and toggles PA5. Some bytes do
 * something first: F programs the word at 0x08040000, C reads a register whose clock is off, L faults
 * without a handler, X sends X for ever at a megabaud.
 */
    .syntax unified
    .cpu cortex-m4
    .thumb
    .word 0x20002000
    .word 0x08000041
    .org 0x40
start:
    ldr r0, =0x40023830         /* RCC: GPIOA, GPIOB, USART2, USART3 */
    movs r1, #3
    str r1, [r0]
    ldr r1, =0x00060000
    str r1, [r0, #0x10]
    ldr r1, [r0, #0x10]
    ldr r0, =0x40020000         /* PA2, PA3: AF7; PA5: output */
    ldr r1, =0xA80004A0
    str r1, [r0]
    ldr r1, =0x7700
    str r1, [r0, #0x20]
    ldr r6, =0x40020400         /* PB10, PB11: AF7 */
    ldr r1, =0x00A00280
    str r1, [r6]
    ldr r1, =0x7700
    str r1, [r6, #0x24]
    ldr r0, =0x40004400
    ldr r5, =0x40004800
    movs r1, #139               /* 115200 baud */
    str r1, [r0, #8]
    str r1, [r5, #8]
    ldr r1, =0x200C
    str r1, [r0, #12]
    str r1, [r5, #12]
    adr r6, text
say:
    ldrb r2, [r6], #1
    cbz r2, ready
1:  ldr r1, [r5]
    lsls r1, #24
    bpl 1b
    str r2, [r5, #4]
    b say
ready:
    ldr r3, =0x40020014
    movs r4, #0x20
    str r4, [r3]
loop:
    ldr r1, [r0]
    lsls r1, #26
    bpl loop
    ldr r2, [r0, #4]
    cmp r2, #'F'
    beq program
    cmp r2, #'C'
    beq clock
    cmp r2, #'L'
    beq lock
    cmp r2, #'X'
    beq flood
answer:
    adds r2, #1
    str r2, [r0, #4]
    eor r4, #0x20
    str r4, [r3]
    b loop
clock:
    ldr r6, =0x40004C00         /* UART4 */
    ldr r6, [r6]
    b answer
lock:
    ldr r6, =0x60000000
    ldr r6, [r6]
flood:
    movs r1, #16
    str r1, [r0, #8]
2:  ldr r1, [r0]
    lsls r1, #24
    bpl 2b
    str r2, [r0, #4]
    b 2b
program:
    ldr r6, =0x40023C00
    ldr r1, =0x45670123
    str r1, [r6, #4]
    ldr r1, =0xCDEF89AB
    str r1, [r6, #4]
    movw r1, #0x201
    str r1, [r6, #16]
    ldr r7, =0x08040000
    str r1, [r7]
    b answer
    .balign 4
text:
    .asciz "log line\r\nsecond\n"
    .balign 4
    .ltorg
