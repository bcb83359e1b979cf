/*
 * The core: memories, engine and the loop that drives it.
 */
#include "cpu.h"

#include <stdlib.h>
#include <string.h>

uint32_t twin_cpu_pc(const struct twin *t)
{
    return t->cpu == NULL ? 0 : t->cpu->pc;
}

void twin_flash_memory_changed(struct twin *t, uint32_t addr, uint32_t len)
{
    (void)t;
    (void)addr;
    (void)len;
}

void twin_cpu_memory_written(struct twin *t, uint32_t addr, uint32_t len)
{
    (void)t;
    (void)addr;
    (void)len;
}

void cpu_run(struct twin *t)
{
    sched_advance_to(t, sched_next_ps(t));
}

void cpu_reset(struct twin *t, enum twin_reset kind)
{
    (void)kind;
    t->cpu->locked_up = false;
    t->cpu->sleeping = false;
}

void cpu_interrupt_run(struct twin *t)
{
    t->sched->deadline = 0;
}

void twin_irq_set(struct twin *t, unsigned irq, bool level)
{
    (void)t;
    (void)irq;
    (void)level;
}

int twin_cpu_create(struct twin *t)
{
    t->cpu = calloc(1, sizeof *t->cpu);
    if (t->cpu == NULL) {
        return TWIN_ERR_MEMORY;
    }
    struct memory *memory = t->bus->memory;
    memory[MEMORY_FLASH] = (struct memory){.base = FLASH_BASE,
                                           .size = t->config.flash_kib * 1024,
                                           .bytes = twin_flash_bytes(t),
                                           .alias = true};
    t->cpu->system_rom = aligned_alloc(PAGE_4K, SYSTEM_SIZE & ~(PAGE_4K - 1));
    memory[MEMORY_SYSTEM] = (struct memory){
        .base = SYSTEM_BASE, .size = SYSTEM_SIZE & ~(PAGE_4K - 1), .bytes = t->cpu->system_rom};
    memory[MEMORY_OTP] =
        (struct memory){.base = OTP_PAGE, .size = PAGE_4K, .bytes = twin_flash_otp_page(t)};
    memory[MEMORY_OPTION] =
        (struct memory){.base = OPTION_PAGE, .size = PAGE_4K, .bytes = twin_flash_option_page(t)};
    memory[MEMORY_CCM] = (struct memory){
        .base = CCM_BASE, .size = CCM_SIZE, .bytes = aligned_alloc(PAGE_4K, CCM_SIZE)};
    memory[MEMORY_SRAM] = (struct memory){
        .base = SRAM_BASE, .size = SRAM_SIZE, .bytes = aligned_alloc(PAGE_4K, SRAM_SIZE)};
    for (unsigned i = 0; i < MEMORY_KINDS; i++) {
        if (memory[i].bytes == NULL) {
            return TWIN_ERR_MEMORY;
        }
    }
    memset(memory[MEMORY_SYSTEM].bytes, 0xFF, memory[MEMORY_SYSTEM].size);
    return TWIN_OK;
}

void twin_cpu_destroy(struct twin *t)
{
    if (t->cpu == NULL) {
        return;
    }
    free(t->bus->memory[MEMORY_SRAM].bytes);
    free(t->bus->memory[MEMORY_CCM].bytes);
    free(t->cpu->system_rom);
    free(t->cpu);
    t->cpu = NULL;
}
