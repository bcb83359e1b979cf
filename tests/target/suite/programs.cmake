# SPDX-License-Identifier: MIT
# The programs of the suite: the cross build makes them, the host's tests run them. The first list must
# print the same on the twin and on QEMU; the second shows what QEMU does not have.
set(SUITE_PROGRAMS priorities masking faults fpu context systick bitband mpu instructions itblock reset)
set(SUITE_TWIN_PROGRAMS silicon cycles stall)
