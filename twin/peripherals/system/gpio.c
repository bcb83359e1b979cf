/* SPDX-License-Identifier: MIT */
/*
 * GPIO ports A to I, RM0090 section 8: registers, the level of each pin, the lock, and who drives
 * it.
 *
 * A pin's level comes, in this order, from outside (twin_pin_drive), from the chip (output mode, or
 * alternate function when a peripheral drives it), from the far end of a serial cable, from a
 * resistor on the board, from the chip's own pull; a floating pin reads 0. A peripheral is on a pin
 * only when MODER and AFR say so. The levels of the single bits of a running USART are not played
 * on its pins: they show idle.
 */
#include "internal.h"
#include "reg.h"

#include <assert.h>
#include <stdlib.h>

enum { GPIO_PORTS = 9, GPIO_PINS = 16, ROUTING_WATCHERS = 8 };
enum {
    GPIO_MODER = 0x00,
    GPIO_OTYPER = 0x04,
    GPIO_OSPEEDR = 0x08,
    GPIO_PUPDR = 0x0C,
    GPIO_IDR = 0x10,
    GPIO_ODR = 0x14,
    GPIO_BSRR = 0x18,
    GPIO_LCKR = 0x1C,
    GPIO_AFRL = 0x20,
    GPIO_AFRH = 0x24,
};
enum { MODE_INPUT = 0, MODE_OUTPUT = 1, MODE_AF = 2, MODE_ANALOG = 3 };
enum { PULL_UP = 1, PULL_DOWN = 2 };
#define LCKK 0x10000u

struct port {
    char letter;
    uint32_t moder, otyper, ospeedr, pupdr, odr;
    uint32_t afr[2];
    uint32_t locked;    /* pins whose configuration is frozen until reset */
    uint32_t lock_mask; /* of the lock sequence under way */
    unsigned lock_step;
    bool lock_active;
    uint16_t outside, outside_level; /* driven by twin_pin_drive */
    uint16_t af, af_level;           /* driven by a peripheral */
    uint16_t line, line_level;       /* driven by the far end of a cable */
    uint16_t weak, weak_level;       /* pulled by what is on the board */
    uint16_t level;                  /* as last told */
    uint16_t driven;                 /* by the chip, as last told */
    uint16_t clash_told;
};

struct twin_gpio {
    struct port port[GPIO_PORTS];
    void (*routing[ROUTING_WATCHERS])(struct twin *t, enum twin_routing what);
    unsigned watchers;
};

static struct port *port_of(const struct twin *t, char port)
{
    if (port < 'A' || port >= 'A' + GPIO_PORTS) {
        return NULL;
    }
    return &t->gpio->port[port - 'A'];
}

static unsigned mode_of(const struct port *p, unsigned pin)
{
    return (p->moder >> (2 * pin)) & 3;
}

/* Whether the chip drives the pin, and to what. */
static bool chip_drives(const struct port *p, unsigned pin, bool *level)
{
    unsigned mode = mode_of(p, pin);
    if (mode == MODE_OUTPUT) {
        *level = ((p->odr >> pin) & 1) != 0;
    } else if (mode == MODE_AF && ((p->af >> pin) & 1) != 0) {
        *level = ((p->af_level >> pin) & 1) != 0;
    } else {
        return false;
    }
    bool open_drain = ((p->otyper >> pin) & 1) != 0;
    return !(open_drain && *level);
}

static bool pin_level(const struct port *p, unsigned pin)
{
    bool level = false;
    if (((p->outside >> pin) & 1) != 0) {
        return ((p->outside_level >> pin) & 1) != 0;
    }
    if (chip_drives(p, pin, &level)) {
        return level;
    }
    if (((p->line >> pin) & 1) != 0) {
        return ((p->line_level >> pin) & 1) != 0;
    }
    if (((p->weak >> pin) & 1) != 0) {
        return ((p->weak_level >> pin) & 1) != 0;
    }
    return ((p->pupdr >> (2 * pin)) & 3) == PULL_UP;
}

/* Two strong drivers of different levels are a short circuit. */
static void check_clash(struct twin *t, struct port *p, unsigned pin)
{
    bool chip = false;
    bool outside = ((p->outside_level >> pin) & 1) != 0;
    if (((p->outside & ~p->clash_told) >> pin & 1) == 0 || !chip_drives(p, pin, &chip) ||
        chip == outside) {
        return;
    }
    p->clash_told = (uint16_t)(p->clash_told | 1u << pin);
    twin_report(t, TWIN_REPORT_OTHER, 0, "P%c%u is driven %s by the chip and %s from outside",
                p->letter, pin, chip ? "high" : "low", outside ? "high" : "low");
}

static void tell_change(struct twin *t, struct port *p, unsigned pin, bool output)
{
    bool level = ((p->level >> pin) & 1) != 0;
    if (p->letter == 'A' && pin == 0) {
        twin_pwr_wkup_changed(t, level);
    }
    if (mode_of(p, pin) != MODE_ANALOG) {
        twin_exti_pin_changed(t, p->letter, pin, level);
        twin_tim_pin_changed(t, p->letter, pin, level);
    }
    if (output && t->config.on_pin != NULL) {
        t->config.on_pin(t->config.ctx, p->letter, pin, level);
    }
}

/* Brings the pins of a port up to date and tells who wants to know. */
static void port_update(struct twin *t, struct port *p)
{
    uint16_t level = 0;
    uint16_t driven = 0;
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        bool ignored;
        level = (uint16_t)(level | (unsigned)pin_level(p, pin) << pin);
        driven = (uint16_t)(driven | (unsigned)chip_drives(p, pin, &ignored) << pin);
        check_clash(t, p, pin);
    }
    uint16_t changed = level ^ p->level;
    uint16_t output = driven | p->driven;
    p->level = level;
    p->driven = driven;
    for (unsigned pin = 0; changed != 0; pin++, changed >>= 1) {
        if ((changed & 1) != 0) {
            tell_change(t, p, pin, ((output >> pin) & 1) != 0);
        }
    }
}

static uint32_t idr_of(const struct port *p)
{
    uint32_t idr = p->level;
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        if (mode_of(p, pin) == MODE_ANALOG) {
            idr &= ~(1u << pin); /* the Schmitt trigger is off */
        }
    }
    return idr;
}

/* RM0090 8.3.6: 1, 0, 1 written with the same mask, then a read, freezes the pins of the mask. */
static uint32_t lock_read(struct port *p)
{
    uint32_t value = p->lock_mask | (p->lock_active ? LCKK : 0);
    if (p->lock_step == 3) {
        p->lock_active = true;
        p->locked = p->lock_mask;
    }
    p->lock_step = 0;
    return value;
}

static void lock_write(struct port *p, uint32_t value)
{
    static const uint32_t key[3] = {LCKK, 0, LCKK};
    uint32_t mask = value & 0xFFFF;
    bool same = p->lock_step == 0 || mask == p->lock_mask;
    if (p->lock_step < 3 && (value & LCKK) == key[p->lock_step] && same) {
        p->lock_step++;
    } else {
        p->lock_step = (value & LCKK) != 0 ? 1 : 0;
    }
    p->lock_mask = mask;
}

static uint32_t port_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct port *p = self;
    uint32_t word;
    (void)t;
    switch (offset & ~3u) {
    case GPIO_MODER:
        word = p->moder;
        break;
    case GPIO_OTYPER:
        word = p->otyper;
        break;
    case GPIO_OSPEEDR:
        word = p->ospeedr;
        break;
    case GPIO_PUPDR:
        word = p->pupdr;
        break;
    case GPIO_IDR:
        word = idr_of(p);
        break;
    case GPIO_ODR:
        word = p->odr;
        break;
    case GPIO_LCKR:
        word = lock_read(p);
        break;
    case GPIO_AFRL:
    case GPIO_AFRH:
        word = p->afr[(offset >> 2) & 1];
        break;
    default:
        word = 0; /* BSRR is write-only */
        break;
    }
    return reg_extract(word, offset, width);
}

/* The bits of a configuration register with `bits` bits a pin that the lock leaves alone. */
static uint32_t frozen_bits(uint32_t locked, unsigned bits, unsigned first_pin)
{
    uint32_t frozen = 0;
    for (unsigned i = 0; i < 32 / bits && first_pin + i < GPIO_PINS; i++) {
        if (((locked >> (first_pin + i)) & 1) != 0) {
            frozen |= ((1u << bits) - 1) << (bits * i);
        }
    }
    return frozen;
}

static void report_locked(struct twin *t, const struct port *p, const char *what)
{
    twin_report(t, TWIN_REPORT_OTHER, 0, "GPIO%c: %s written while it is locked: ignored",
                p->letter, what);
}

static void config_write(struct twin *t, const struct port *p, uint32_t *reg, uint32_t value,
                         uint32_t frozen)
{
    if (((*reg ^ value) & frozen) != 0) {
        report_locked(t, p, "configuration of a pin");
    }
    *reg = (*reg & frozen) | (value & ~frozen);
}

/* AFR of the pins, or MODER, changed: peripherals may come to pins or leave them. */
static void routing_changed(struct twin *t)
{
    for (unsigned i = 0; i < t->gpio->watchers; i++) {
        t->gpio->routing[i](t, TWIN_PINS_LEFT);
    }
    for (unsigned i = 0; i < t->gpio->watchers; i++) {
        t->gpio->routing[i](t, TWIN_PINS_TAKEN);
    }
}

void twin_gpio_watch_routing(struct twin *t, void (*fn)(struct twin *t, enum twin_routing what))
{
    assert(t->gpio->watchers < ROUTING_WATCHERS);
    t->gpio->routing[t->gpio->watchers++] = fn;
}

static void bsrr_write(struct port *p, uint32_t value)
{
    p->odr = (p->odr & ~(value >> 16)) | (value & 0xFFFF); /* set wins over reset */
}

static void lckr_access(struct twin *t, struct port *p, unsigned width, uint32_t value)
{
    if (width != 4) {
        twin_report(t, TWIN_REPORT_OTHER, 0, "GPIO%c_LCKR written with %u bits: words only",
                    p->letter, 8 * width);
        return;
    }
    if (p->lock_active) {
        report_locked(t, p, "LCKR");
        return;
    }
    lock_write(p, value);
}

static void port_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct port *p = self;
    uint32_t frozen2 = frozen_bits(p->locked, 2, 0);
    switch (offset & ~3u) {
    case GPIO_MODER:
        config_write(t, p, &p->moder, reg_merge(p->moder, offset, width, value), frozen2);
        routing_changed(t);
        break;
    case GPIO_OTYPER:
        config_write(t, p, &p->otyper, reg_merge(p->otyper, offset, width, value) & 0xFFFF,
                     p->locked);
        break;
    case GPIO_OSPEEDR:
        config_write(t, p, &p->ospeedr, reg_merge(p->ospeedr, offset, width, value), frozen2);
        break;
    case GPIO_PUPDR:
        config_write(t, p, &p->pupdr, reg_merge(p->pupdr, offset, width, value), frozen2);
        break;
    case GPIO_ODR:
        p->odr = reg_merge(p->odr, offset, width, value) & 0xFFFF;
        break;
    case GPIO_BSRR:
        bsrr_write(p, reg_merge(0, offset, width, value));
        break;
    case GPIO_LCKR:
        lckr_access(t, p, width, value);
        return;
    case GPIO_AFRL:
    case GPIO_AFRH: {
        unsigned high = (offset >> 2) & 1;
        config_write(t, p, &p->afr[high], reg_merge(p->afr[high], offset, width, value),
                     frozen_bits(p->locked, 4, 8 * high));
        routing_changed(t);
        break;
    }
    default:
        return; /* IDR is read-only */
    }
    port_update(t, p);
}

static void port_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct port *p = self;
    (void)kind;
    p->moder = p->letter == 'A' ? 0xA8000000u : p->letter == 'B' ? 0x00000280u : 0;
    p->ospeedr = p->letter == 'B' ? 0x000000C0u : 0;
    p->pupdr = p->letter == 'A' ? 0x64000000u : p->letter == 'B' ? 0x00000100u : 0;
    p->otyper = p->odr = p->afr[0] = p->afr[1] = 0;
    p->locked = p->lock_mask = p->lock_step = 0;
    p->lock_active = false;
    p->clash_told = 0;
    routing_changed(t);
    port_update(t, p);
}

/* ---- what other peripherals and the world outside see ---- */

bool twin_gpio_has_af(const struct twin *t, char port, unsigned pin, unsigned af)
{
    const struct port *p = port_of(t, port);
    if (p == NULL || pin >= GPIO_PINS || mode_of(p, pin) != MODE_AF) {
        return false;
    }
    return ((p->afr[pin >> 3] >> (4 * (pin & 7))) & 15) == af;
}

static void set_bit(uint16_t *mask, unsigned pin, bool on)
{
    *mask = (uint16_t)(on ? *mask | 1u << pin : *mask & ~(1u << pin));
}

void twin_gpio_drive_af(struct twin *t, char port, unsigned pin, bool level)
{
    struct port *p = port_of(t, port);
    if (p == NULL) {
        return;
    }
    set_bit(&p->af, pin, true);
    set_bit(&p->af_level, pin, level);
    port_update(t, p);
}

void twin_gpio_release_af(struct twin *t, char port, unsigned pin)
{
    struct port *p = port_of(t, port);
    if (p == NULL) {
        return;
    }
    set_bit(&p->af, pin, false);
    port_update(t, p);
}

void twin_gpio_line(struct twin *t, char port, unsigned pin, bool connected, bool level)
{
    struct port *p = port_of(t, port);
    if (p == NULL) {
        return;
    }
    set_bit(&p->line, pin, connected);
    set_bit(&p->line_level, pin, level);
    port_update(t, p);
}

void twin_pin_drive(struct twin *t, char port, unsigned pin, bool level)
{
    struct port *p = port_of(t, port);
    if (p == NULL || pin >= GPIO_PINS) {
        return;
    }
    set_bit(&p->outside, pin, true);
    set_bit(&p->outside_level, pin, level);
    port_update(t, p);
}

void twin_pin_release(struct twin *t, char port, unsigned pin)
{
    struct port *p = port_of(t, port);
    if (p == NULL || pin >= GPIO_PINS) {
        return;
    }
    set_bit(&p->outside, pin, false);
    port_update(t, p);
}

void twin_pin_pull(struct twin *t, char port, unsigned pin, bool level)
{
    struct port *p = port_of(t, port);
    if (p == NULL || pin >= GPIO_PINS) {
        return;
    }
    set_bit(&p->weak, pin, true);
    set_bit(&p->weak_level, pin, level);
    port_update(t, p);
}

bool twin_pin_level(const struct twin *t, char port, unsigned pin)
{
    const struct port *p = port_of(t, port);
    return p != NULL && pin < GPIO_PINS && ((p->level >> pin) & 1) != 0;
}

static void gpio_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->gpio);
    t->gpio = NULL;
}

int twin_gpio_create(struct twin *t)
{
    static const char *const names[GPIO_PORTS] = {"GPIOA", "GPIOB", "GPIOC", "GPIOD", "GPIOE",
                                                  "GPIOF", "GPIOG", "GPIOH", "GPIOI"};
    t->gpio = calloc(1, sizeof *t->gpio);
    if (t->gpio == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < GPIO_PORTS; i++) {
        struct port *p = &t->gpio->port[i];
        p->letter = (char)('A' + (int)i);
        twin_periph_add(t, &(struct twin_periph){
                               .name = names[i],
                               .base = 0x40020000u + 0x400u * i,
                               .size = 0x400,
                               .enr = 0x30,
                               .enr_bit = (uint8_t)i,
                               .self = p,
                               .read = port_read,
                               .write = port_write,
                               .reset = port_reset,
                               .destroy = i == 0 ? gpio_destroy : NULL,
                           });
        port_reset(t, p, TWIN_RESET_POWER);
    }
    return TWIN_OK;
}
