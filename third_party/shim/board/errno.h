/* SPDX-License-Identifier: MIT */
/* Third-party sources include errno.h; what they use here takes nothing of it. */
