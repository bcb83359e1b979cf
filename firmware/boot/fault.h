/* SPDX-License-Identifier: MIT */
/* What happens when bootloader mode itself goes wrong: the fault registers go to the log, then
 * reset. On the boot path there is no log yet, and a fault resets the chip. */
#ifndef ARAREXT_FAULT_H
#define ARAREXT_FAULT_H

/* From now on a fault is told in the log. */
void fault_watch(void);

#endif
