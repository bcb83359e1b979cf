/* SPDX-License-Identifier: MIT */
/*
 * The memory protection of bootloader mode (PM0214 section 4.2): the bootloader's flash and its RAM
 * code run and cannot be written, everything else can be written and does not run, and a guard lies
 * below the stack. What is in no region faults.
 */
#ifndef ARAREXT_MPU_H
#define ARAREXT_MPU_H

#include <stdbool.h>

/* serving: the serving half (boot/serving.h) is in place, and is code from now on; else its place
 * is data. */
void mpu_start(bool serving);

#endif
