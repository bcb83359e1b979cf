/* SPDX-License-Identifier: MIT */
/*
 * Runs the board's own arithmetic (p256_m4.S, sha256_m4.S and ecdsa.c over them) for a test that
 * looks in through the twin: it fills the job's data, sets the flag to JOB_DO, and waits for
 * JOB_DONE. Nothing but the core is used.
 */
#include <stddef.h>
#include <stdint.h>

#include "ecdsa.h"
#include "job.h"
#include "p256.h"
#include "sha256.h"

int main(void);

extern uint32_t stack_top;
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {
    &stack_top,
    (const void *)main,
};

#define DWT_CTRL   (*(volatile uint32_t *)0xE0001000)
#define DWT_CYCCNT (*(volatile uint32_t *)0xE0001004)
#define FLASH_ACR  (*(volatile uint32_t *)0x40023C00)
#define DEMCR      (*(volatile uint32_t *)0xE000EDFC)

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);

void *memcpy(void *to, const void *from, size_t len)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    while (len-- != 0) {
        *t++ = *f++;
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    volatile uint8_t *t = to;

    while (len-- != 0) {
        *t++ = (uint8_t)value;
    }
    return to;
}

static uint32_t verify(struct job_verify *v)
{
    return ecdsa_verify(v->point, v->digest, v->der, v->len);
}

static void run(struct job *job)
{
    uint32_t start = DWT_CYCCNT;

    for (uint32_t i = 0; i < job->count; i++) {
        if (job->op == JOB_VERIFY) {
            job->verify[i].verdict = verify(&job->verify[i]);
        } else if (job->op == JOB_SHA256) {
            (void)sha256_blocks(job->sha256.state, job->sha256.data + job->sha256.offset,
                                job->count);
            break;
        } else {
            job_compute(job->op, &job->numbers[i]);
        }
    }
    job->cycles = DWT_CYCCNT - start;
}

int main(void)
{
    struct job *job = (struct job *)JOB_ADDR;

    FLASH_ACR = 0x705; /* five wait states, prefetch and caches on: as at the fastest clock */
    DEMCR |= 1u << 24;
    DWT_CTRL |= 1u;
    for (;;) {
        if (job->flag == JOB_DO) {
            run(job);
            job->flag = JOB_DONE;
        }
    }
}
