/* SPDX-License-Identifier: MIT */
/* Third-party sources include stdio.h; what they use here takes nothing of it. */
