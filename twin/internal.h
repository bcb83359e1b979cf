/*
 * Inside the twin: how its parts meet. One file per peripheral; each gives a constructor that
 * registers itself. Nothing here is public.
 *
 * Time is kept in picoseconds since creation. A peripheral never polls: it computes when something
 * will happen next and asks for an event at that time.
 */
#ifndef TWIN_INTERNAL_H
#define TWIN_INTERNAL_H

#include "twin.h"

enum { TWIN_IRQ_COUNT = 82 };

/* One board. Each part owns what its pointer leads to and keeps the type in its own .c file. */
struct twin {
    struct twin_config config; /* defaults filled in; state_path is a copy of ours */
    struct twin_cpu *cpu;      /* Unicorn, exceptions, SysTick, MPU, DWT */
    struct twin_bus *bus;
    struct twin_sched *sched;
    struct twin_rcc *rcc;
    struct twin_pwr *pwr;
    struct twin_flash *flash;
    struct twin_gpio *gpio;
    struct twin_exti *exti;
    struct twin_dma *dma;
    struct twin_usart *usart;
    struct twin_watchdog *watchdog;
    uint64_t random_state;
    bool powered;
    char error[256];
};

/* ---- events (sched.c) ---- */
struct twin_event {
    uint64_t at_ps;
    void (*fn)(struct twin *t, void *ctx); /* called once, at at_ps, between instructions */
    void *ctx;
    bool pending;
    struct twin_event *next; /* owned by the scheduler */
};
uint64_t twin_now_ps(const struct twin *t);
/* (Re)arms ev; at_ps in the past means as soon as possible. ev belongs to the caller and outlives it. */
void twin_event_at(struct twin *t, struct twin_event *ev, uint64_t at_ps);
void twin_event_cancel(struct twin *t, struct twin_event *ev);

/* ---- peripherals on the bus (bus.c) ---- */
enum twin_reset {
    TWIN_RESET_POWER,  /* everything, backup domain only if it had no state */
    TWIN_RESET_SYSTEM, /* any reset but power-on: RTC backup registers and RCC_CSR flags stay */
    TWIN_RESET_PERIPHERAL, /* by an RCC xxxRSTR bit */
};

struct twin_periph {
    const char *name; /* "USART2" */
    uint32_t base;    /* first address */
    uint32_t size;    /* bytes */
    /* Clock gate: offset of the RCC enable register (0x30 AHB1ENR, 0x34 AHB2ENR, 0x38 AHB3ENR, 0x40
     * APB1ENR, 0x44 APB2ENR) and bit; enr = 0 means always clocked. The reset bit is the same bit of the
     * register 0x20 below. */
    uint8_t enr, enr_bit;
    void *self;
    /* Word-aligned offset in [0, size); width 1, 2 or 4 bytes; for narrow accesses the bus passes
     * offset unrounded. Called only with the clock on. */
    uint32_t (*read)(struct twin *t, void *self, uint32_t offset, unsigned width);
    void (*write)(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value);
    void (*reset)(struct twin *t, void *self, enum twin_reset kind); /* registers to reset values */
    void (*clock_changed)(struct twin *t, void *self);               /* may be NULL */
    void (*destroy)(struct twin *t, void *self);                     /* may be NULL */
};
/* Copies *p. The table is searched by address. */
void twin_periph_add(struct twin *t, const struct twin_periph *p);

/* Data accesses as bus masters make them, peripherals and memories alike. Return false for a bus error. */
enum twin_master { TWIN_MASTER_CPU, TWIN_MASTER_DMA1, TWIN_MASTER_DMA2 };
bool twin_bus_read(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                   uint32_t *value);
bool twin_bus_write(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                    uint32_t value);

/* ---- interrupts (nvic.c) ---- */
/* Level of a peripheral's interrupt line; pends on the rising edge and again on return while high. */
void twin_irq_set(struct twin *t, unsigned irq, bool level);

/* ---- core (cpu.c) ---- */
uint32_t twin_cpu_pc(const struct twin *t); /* best known PC for reports */
/* Asks for a reset at the next instruction boundary; csr_flag is the bit of RCC_CSR to set
 * (28 software, 29 IWDG, 30 WWDG, 31 low power, 26 pin). */
void twin_request_reset(struct twin *t, unsigned csr_flag, const char *cause);
/* The core does not execute from flash, nor read it, before at_ps (flash busy): stall. */
void twin_flash_memory_changed(struct twin *t, uint32_t addr, uint32_t len); /* drop translations */

/* ---- reports (report.c) ---- */
__attribute__((format(printf, 4, 5))) void twin_report(struct twin *t, enum twin_report_kind kind,
                                               uint32_t address, const char *fmt, ...);
/* Seeded generator of the board; every random choice comes from here. */
uint32_t twin_random(struct twin *t);

/* ---- clocks (rcc.c) ---- */
uint32_t twin_hclk_hz(const struct twin *t);
uint32_t twin_pclk1_hz(const struct twin *t);
uint32_t twin_pclk2_hz(const struct twin *t);
uint32_t twin_timclk_hz(const struct twin *t, unsigned apb); /* 1 or 2; doubled when APB is divided */
bool twin_rcc_clock_on(const struct twin *t, unsigned enr, unsigned bit);
void twin_rcc_set_reset_flag(struct twin *t, unsigned csr_bit);
bool twin_pwr_backup_writable(const struct twin *t); /* PWR_CR.DBP */

/* ---- flash (flash.c) ---- */
uint8_t *twin_flash_bytes(struct twin *t); /* what the CPU reads; flash_kib * 1024 bytes */
/* A store of the CPU into the flash region (also through the alias at 0): programming. */
void twin_flash_store(struct twin *t, uint32_t addr, unsigned width, uint32_t value);
/* End of the current operation, 0 if none: until then fetches and reads of flash stall. */
uint64_t twin_flash_busy_until_ps(const struct twin *t);
unsigned twin_flash_wait_states(const struct twin *t);
bool twin_flash_prefetch_on(const struct twin *t); /* ACR.PRFTEN; caches below */
bool twin_flash_icache_on(const struct twin *t);
void twin_flash_power_lost(struct twin *t); /* tears the operation under way */

/* ---- pins (gpio.c) ---- */
/* Whether port/pin is in alternate-function mode with number af. */
bool twin_gpio_has_af(const struct twin *t, char port, unsigned pin, unsigned af);
void twin_gpio_drive_af(struct twin *t, char port, unsigned pin, bool level); /* by a peripheral */
/* EXTI and SYSCFG hear of every level change of an input. */
void twin_exti_pin_changed(struct twin *t, char port, unsigned pin, bool level);

/* ---- DMA (dma.c) ---- */
/* Request line of a peripheral. The DMA moves one item per request cycle while level stays high. */
void twin_dma_request(struct twin *t, unsigned controller, unsigned stream, unsigned channel,
                      bool level);

/* ---- constructors, called by twin_create in this order ---- */
int twin_rcc_create(struct twin *t);
int twin_pwr_create(struct twin *t);     /* PWR, backup SRAM, RTC backup registers */
int twin_flash_create(struct twin *t);   /* controller, option bytes, OTP, identification */
int twin_gpio_create(struct twin *t);
int twin_exti_create(struct twin *t);    /* EXTI and SYSCFG */
int twin_dma_create(struct twin *t);
int twin_usart_create(struct twin *t);   /* USART1-3, 6, UART4-5 and their lines */
int twin_crc_create(struct twin *t);
int twin_tim_create(struct twin *t);     /* TIM2-7 */
int twin_watchdog_create(struct twin *t);
int twin_dbgmcu_create(struct twin *t);
int twin_scs_create(struct twin *t);     /* NVIC, SCB, SysTick, MPU, FPU control, DWT */

#endif
