/* Third-party sources include errno.h; what they use here takes nothing of it. */
