/* SPDX-License-Identifier: MIT */
/* Third-party sources include stdlib.h; what they use here takes nothing of it. */
