/* SPDX-License-Identifier: MIT */
/* What happens when the bootloader itself goes wrong: the fault registers go to the log, then
 * reset. */
#ifndef ARAREXT_FAULT_H
#define ARAREXT_FAULT_H

/* Handler of every exception of the core. Not to be called. */
void fault_entry(void);

#endif
