/* SPDX-License-Identifier: MIT */
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
    struct twin_lines *lines; /* the cables and their far ends */
    struct twin_rcc *rcc;
    struct twin_pwr *pwr;
    struct twin_rtc *rtc;
    struct twin_flash *flash;
    struct twin_gpio *gpio;
    struct twin_exti *exti;
    struct twin_dma *dma;
    struct twin_usart *usart;
    struct twin_spi *spi;
    struct twin_i2c *i2c;
    struct twin_tims *tims;
    struct twin_adc *adc;
    struct twin_dac *dac;
    struct twin_watchdog *watchdog;
    struct twin_told *told;                /* unmodelled.c */
    struct twin_run *run;                  /* twin.c: what twin_run_ns is asked to do */
    struct twin_state_lock *state_lock;    /* state.c; NULL without a state file */
    uint64_t state_changes, saved_changes; /* of what the state file keeps; see below */
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
/* (Re)arms ev; at_ps in the past means as soon as possible. ev belongs to the caller and outlives
 * it. */
void twin_event_at(struct twin *t, struct twin_event *ev, uint64_t at_ps);
void twin_event_cancel(struct twin *t, struct twin_event *ev);
/* While an event's fn runs, twin_now_ps() is its at_ps (never earlier than a time already told),
 * also when the core was a few cycles further. Events keep firing while power is off: what belongs
 * to the chip is cancelled by reset(TWIN_RESET_POWER), which is called at power-off as well as at
 * power-on. rcc.c: call this after any clock frequency or gate has changed: time is re-based and
 * every peripheral's clock_changed is called. */
void twin_clock_changed(struct twin *t);

/* ---- peripherals on the bus (bus.c) ---- */
enum twin_reset {
    TWIN_RESET_POWER,      /* everything, backup domain only if it had no state */
    TWIN_RESET_SYSTEM,     /* any reset but power-on: RTC backup registers and RCC_CSR flags stay */
    TWIN_RESET_PERIPHERAL, /* by an RCC xxxRSTR bit */
};

struct twin_periph {
    const char *name; /* "USART2" */
    uint32_t base;    /* first address */
    uint32_t size;    /* bytes */
    /* Clock gate: offset of the RCC enable register (0x30 AHB1ENR, 0x34 AHB2ENR, 0x38 AHB3ENR, 0x40
     * APB1ENR, 0x44 APB2ENR) and bit; enr = 0 means always clocked. The reset bit is the same bit
     * of the register 0x20 below. */
    uint8_t enr, enr_bit;
    bool own_gates; /* it looks after its clocks itself; enr and enr_bit are for its reset only */
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

/* Data accesses as bus masters make them, peripherals and memories alike. Return false for a bus
 * error. */
enum twin_master { TWIN_MASTER_CPU, TWIN_MASTER_DMA1, TWIN_MASTER_DMA2 };
bool twin_bus_read(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                   uint32_t *value);
bool twin_bus_write(struct twin *t, enum twin_master m, uint32_t addr, unsigned width,
                    uint32_t value);

/* From a peripheral's write function: the access ends in a bus error (imprecise, as buffered stores
 * are). DMA masters see it as false from twin_bus_write. */
void twin_bus_error(struct twin *t, uint32_t addr);
/* In a peripheral's write function: whose store it is. */
enum twin_master twin_bus_writer(const struct twin *t);
/* Resets the peripherals whose clock gate is in enable register enr, bit: an RCC xxxRSTR bit. */
void twin_bus_reset_gate(struct twin *t, unsigned enr, unsigned bit);

/* ---- interrupts (nvic.c) ---- */
/* Level of a peripheral's interrupt line; pends on the rising edge and again on return while high.
 */
void twin_irq_set(struct twin *t, unsigned irq, bool level);
/* The same where several peripherals share the interrupt, each a source of its own, 0 to 7. */
void twin_irq_set_source(struct twin *t, unsigned irq, unsigned source, bool level);
/* NMI is asked for while level is high. */
void twin_nmi_set(struct twin *t, bool level);
/* RXEV: ends a WFE, or the next one does not wait (PM0214 2.5.2). */
void twin_core_event(struct twin *t);

/* ---- core (cpu.c) ---- */
uint32_t twin_cpu_pc(const struct twin *t); /* best known PC for reports */
/* Asks for a reset at the next instruction boundary; csr_flag is the bit of RCC_CSR to set
 * (28 software, 29 IWDG, 30 WWDG, 31 low power, 26 pin). */
void twin_request_reset(struct twin *t, unsigned csr_flag, const char *cause);
bool twin_reset_is_asked_for(const struct twin *t);
/* The core has no clock any more: only a reset ends that. */
void twin_cpu_stands_still(struct twin *t, const char *why);
/* Flash contents changed under the core (programmed, erased, loaded). */
void twin_flash_memory_changed(struct twin *t, uint32_t addr, uint32_t len); /* drop translations */
void twin_cpu_memory_written(struct twin *t, uint32_t addr,
                             uint32_t len); /* SRAM, by another master */
/* A flash operation has begun, perhaps by DMA: the core's fetches and loads wait from now on. */
void twin_cpu_flash_began(struct twin *t);

/* Power fails now, in the middle of what the caller does (a flash operation that is cut): the run
 * returns TWIN_STOP_POWER and nothing more is executed. Safe from any callback. */
void twin_power_cut(struct twin *t);

/* ---- reports (report.c) ---- */
__attribute__((format(printf, 4, 5))) void twin_report(struct twin *t, enum twin_report_kind kind,
                                                       uint32_t address, const char *fmt, ...);
/* TWIN_REPORT_UNMODELLED for the register at address, once a register and board. */
void twin_report_unmodelled(struct twin *t, uint32_t address, const char *what);
/* The same for a read, which is told again when it goes on for long. */
void twin_unmodelled_read(struct twin *t, uint32_t address, const char *what);
/* Seeded generator of the board; every random choice comes from here. */
uint32_t twin_random(struct twin *t);

/* ---- clocks (rcc.c) ---- */
uint32_t twin_hclk_hz(const struct twin *t);
uint32_t twin_pclk1_hz(const struct twin *t);
uint32_t twin_pclk2_hz(const struct twin *t);
uint32_t twin_pll48_hz(const struct twin *t); /* PLL48CLK; 0 while the PLL is not ready */
uint32_t twin_timclk_hz(const struct twin *t,
                        unsigned apb); /* 1 or 2; doubled when APB is divided */
bool twin_rcc_clock_on(const struct twin *t, unsigned enr, unsigned bit);
/* The gate was opened less than two of its clocks ago and no RCC register was read since (ES0182):
 * an access may be lost. True once per opening. */
bool twin_rcc_too_early(struct twin *t, unsigned enr, unsigned bit);
bool twin_rcc_in_reset(const struct twin *t, unsigned enr, unsigned bit); /* xxxRSTR bit is 1 */
bool twin_rcc_lsi_on(const struct twin *t);
/* IWDG keeps LSI running from now to the next reset. */
void twin_rcc_force_lsi(struct twin *t);
void twin_rcc_set_reset_flag(struct twin *t, unsigned csr_bit);
void twin_rcc_check_limits(struct twin *t); /* reports clocks above what the chip allows */
uint32_t twin_rcc_bdcr(const struct twin *t);
void twin_rcc_restore_bdcr(struct twin *t, uint32_t bdcr); /* from the state file */
bool twin_pwr_backup_writable(const struct twin *t);       /* PWR_CR.DBP */
bool twin_pwr_scale1(const struct twin *t);                /* PWR_CR.VOS = 1: up to 168 MHz */

uint32_t twin_pwr_cr(const struct twin *t);
/* Stop mode (stop.c). Leaving it returns how long the wake-up takes, in picoseconds. */
void twin_stop_enter(struct twin *t);
uint64_t twin_stop_leave(struct twin *t);
/* Standby (pwr.c), after twin_stop_enter: from now on only a reset ends it, and what wakes the chip
 * makes one. */
void twin_pwr_standby_enter(struct twin *t);
bool twin_pwr_in_standby(const struct twin *t);
/* PA0, which is the pin WKUP; and whether an alarm or the wake-up timer asks for attention. */
void twin_pwr_wkup_changed(struct twin *t, bool level);
void twin_pwr_rtc_changed(struct twin *t, bool asks);

/* ---- flash (flash.c) ---- */
uint8_t *twin_flash_bytes(struct twin *t); /* what the CPU reads; flash_kib * 1024 bytes */
/* Two read-only pages of 4 KiB as the CPU reads them: 0x1FFF7000 (end of the system memory, OTP,
 * lock bytes, unique ID, flash size) and 0x1FFFC000 (option bytes). Page-aligned, like
 * twin_flash_bytes. */
uint8_t *twin_flash_otp_page(struct twin *t);
/* Programs bits without time; false, and nothing done, if any byte is locked or no OTP. */
bool twin_flash_otp_load(struct twin *t, uint32_t addr, const uint8_t *data, size_t len);
uint8_t *twin_flash_option_page(struct twin *t);
/* A store of the CPU into flash (by its address from 0x08000000, also when it went through the
 * alias at 0), into the OTP page or into the option page: programming, or an error. */
void twin_flash_store(struct twin *t, uint32_t addr, unsigned width, uint32_t value);
/* End of the current operation, 0 if none: until then fetches and reads of flash stall. */
uint64_t twin_flash_busy_until_ps(const struct twin *t);
unsigned twin_flash_wait_states(const struct twin *t);
bool twin_flash_prefetch_on(const struct twin *t); /* ACR.PRFTEN; caches below */
bool twin_flash_icache_on(const struct twin *t);
uint64_t twin_flash_operation_count(const struct twin *t); /* for twin_counters */
void twin_flash_power_lost(struct twin *t);                /* tears the operation under way */
/* As a programmer would: over whatever was there, without time. offset + len <= flash size. */
void twin_flash_load(struct twin *t, uint32_t offset, const void *data, size_t len);
/* While true, call twin_flash_before_read before every read of flash (or of the two pages) that can
 * be seen: unstable bits take new values, stale cache lines are reported. False nearly always. */
bool twin_flash_reads_matter(const struct twin *t);
void twin_flash_before_read(struct twin *t, uint32_t addr, uint32_t len, bool fetch);
/* Reports too few wait states for the HCLK; rcc.c calls it when the clock changes. */
void twin_flash_check_wait_states(struct twin *t);
/* USER option byte in force: WDG_SW = 0 starts the IWDG at reset. */
bool twin_flash_iwdg_in_hardware(const struct twin *t);
/* nRST_STOP or nRST_STDBY of it is 0: going there is a reset. */
bool twin_flash_low_power_is_reset(const struct twin *t, bool standby);
/* A write to a register that the bus holds back (FLASH_CR with BSY): the core stands still until
 * at_ps (cpu.c). Time has passed when it returns, or passes at the next instruction boundary. */
void twin_cpu_stall_until_ps(struct twin *t, uint64_t at_ps);

/* ---- state file (state.c) ---- */
int twin_state_load(
    struct twin *t); /* at the end of twin_create; TWIN_OK if there is no file yet */
int twin_state_save(struct twin *t); /* at twin_destroy; others may have the file from then on */

/* Something that the file keeps is another now. */
static inline void twin_state_changed(struct twin *t)
{
    t->state_changes++;
}

/* ---- backup domain (pwr.c) ---- */
enum { TWIN_BACKUP_SRAM_BYTES = 4096, TWIN_BACKUP_REGISTERS = 20 };
uint8_t *twin_backup_sram(struct twin *t);       /* TWIN_BACKUP_SRAM_BYTES */
uint32_t *twin_backup_registers(struct twin *t); /* RTC_BKP0R ... */
bool *twin_backup_regulator(struct twin *t);     /* PWR_CSR.BRE: backup SRAM lives on VBAT */
void twin_backup_domain_reset(struct twin *t); /* RCC_BDCR.BDRST: RTC registers, not backup SRAM */

/* ---- RTC (rtc.c) ---- */
/* What outlives power-off of it. */
struct twin_rtc_kept {
    uint32_t tr, dr; /* 24 hours; in use only while kept */
    uint32_t cr, isr, prer, wutr;
    uint32_t alrmr[2], alrmssr[2];
    uint32_t other[3]; /* CALIBR, CALR, TAFCR: held only */
};
struct twin_rtc_kept *twin_rtc_kept(struct twin *t); /* as it is now */
void twin_rtc_restored(struct twin *t);              /* twin_rtc_kept was written to */
void twin_rtc_domain_reset(struct twin *t);
void twin_rtc_clock_changed(struct twin *t);
uint32_t twin_rtcclk_hz(const struct twin *t); /* rcc_tree.c; 0: it has no clock */

/* ---- pins (gpio.c) ---- */
/* Whether port/pin is in alternate-function mode with number af. */
bool twin_gpio_has_af(const struct twin *t, char port, unsigned pin, unsigned af);
void twin_gpio_drive_af(struct twin *t, char port, unsigned pin, bool level); /* by a peripheral */
void twin_gpio_release_af(struct twin *t, char port, unsigned pin);
/* The far end of a cable, idle or not, at a pin; false takes the cable away. */
void twin_gpio_line(struct twin *t, char port, unsigned pin, bool connected, bool level);
/* fn is called whenever MODER or AFR of some port has changed: first for everybody to let go of the
 * pins that they have no more, then to take those that they have. */
enum twin_routing { TWIN_PINS_LEFT, TWIN_PINS_TAKEN };
void twin_gpio_watch_routing(struct twin *t, void (*fn)(struct twin *t, enum twin_routing what));
/* EXTI and SYSCFG hear of every level change of an input. */
void twin_exti_pin_changed(struct twin *t, char port, unsigned pin, bool level);
bool twin_exti_asks(const struct twin *t); /* a line is pending and not masked */
/* Lines 16 to 22: what a peripheral drives them with. */
void twin_exti_line(struct twin *t, unsigned line, bool level);

/* ---- DMA (dma.c) ---- */
/* Request line of a peripheral. The DMA moves one item per request cycle while level stays high. */
void twin_dma_request(struct twin *t, unsigned controller, unsigned stream, unsigned channel,
                      bool level);
/* A request of a timer, that the DMA's acknowledge ends: one item. Lost when the stream is off. */
void twin_dma_pulse(struct twin *t, unsigned controller, unsigned stream, unsigned channel);
/* NDTR of a stream that listens to that channel; 0 if it does not. */
unsigned twin_dma_items_left(const struct twin *t, unsigned controller, unsigned stream,
                             unsigned channel);

/* ---- triggers (tim.c): from timers to analog parts ---- */
enum { TWIN_TRGO = 0, TWIN_TRIGGER_CC1 = 1, TWIN_TRIGGER_KINDS = 5 }; /* CC1 to CC4 */
struct twin_trigger {
    uint16_t wanted[TWIN_TRIGGER_KINDS]; /* see twin_trigger_want */
    void (*fn)(struct twin *t, void *ctx, unsigned timer, unsigned kind);
    void *ctx;
    struct twin_trigger *next; /* owned by the timers */
};
void twin_trigger_watch(struct twin *t, struct twin_trigger *watcher); /* outlives the board */
/* From now on: a bit for each timer, by its number. */
void twin_trigger_want(struct twin *t, struct twin_trigger *watcher,
                       const uint16_t wanted[TWIN_TRIGGER_KINDS]);

/* The timers hear of every level change of an input, too. */
void twin_tim_pin_changed(struct twin *t, char port, unsigned pin, bool level);
/* The clock security system breaks TIM1 and TIM8. */
void twin_tim_clock_failed(struct twin *t);

/* ---- core's own parts ---- */
int twin_sched_create(struct twin *t);
void twin_sched_destroy(struct twin *t);
int twin_lines_create(struct twin *t);
void twin_lines_destroy(struct twin *t);
int twin_bus_create(struct twin *t);
void twin_bus_destroy(struct twin *t);
int twin_cpu_create(struct twin *t); /* memories and engine; after the flash part */
void twin_cpu_destroy(struct twin *t);
int twin_unmodelled_create(struct twin *t);
void twin_unmodelled_destroy(struct twin *t);
void twin_bus_clock_changed(struct twin *t); /* tells every peripheral */
void twin_bus_reset(struct twin *t, enum twin_reset kind);

/* ---- constructors, called by twin_create in this order ---- */
int twin_rcc_create(struct twin *t);
int twin_pwr_create(struct twin *t);   /* PWR, backup SRAM, RTC backup registers' cells */
int twin_flash_create(struct twin *t); /* controller, option bytes, OTP, identification */
int twin_gpio_create(struct twin *t);
int twin_exti_create(struct twin *t); /* EXTI and SYSCFG */
int twin_dma_create(struct twin *t);
int twin_usart_create(struct twin *t); /* USART1-3, 6, UART4-5; after the lines */
int twin_crc_create(struct twin *t);
int twin_tim_create(struct twin *t); /* TIM1-14 */
int twin_rtc_create(struct twin *t); /* after EXTI */
int twin_spi_create(struct twin *t);
int twin_i2c_create(struct twin *t);
int twin_rng_create(struct twin *t);
int twin_adc_create(struct twin *t); /* after the timers */
int twin_dac_create(struct twin *t);
int twin_watchdog_create(struct twin *t);
int twin_dbgmcu_create(struct twin *t);
int twin_scs_create(struct twin *t); /* NVIC, SCB, SysTick, MPU, FPU control, DWT */

#endif
