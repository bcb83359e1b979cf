/* SPDX-License-Identifier: MIT */
/*
 * I2C1 to I2C3 on a bus with pull-ups and nobody else, RM0090 section 27: a start condition is
 * made, the address finds no acknowledge, a stop or another start follows. A line that is held low
 * from outside, or no pins, is a busy bus: a start then waits for ever, as on the chip.
 *
 * A slave waits for a master that never comes. SMBus is not modelled: told at its first use.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { I2C_UNITS = 3, I2C_PINS = 3 };
enum {
    I2C_CR1 = 0x00,
    I2C_CR2 = 0x04,
    I2C_OAR1 = 0x08,
    I2C_OAR2 = 0x0C,
    I2C_DR = 0x10,
    I2C_SR1 = 0x14,
    I2C_SR2 = 0x18,
    I2C_CCR = 0x1C,
    I2C_TRISE = 0x20,
};
enum {
    CR1_PE = 1 << 0,
    CR1_SMBUS = 1 << 1,
    CR1_START = 1 << 8,
    CR1_STOP = 1 << 9,
    CR1_SWRST = 1 << 15,
    CR2_ITERREN = 1 << 8,
    CR2_ITEVTEN = 1 << 9,
    SR1_SB = 1 << 0,
    SR1_AF = 1 << 10,
    SR1_ERRORS = 0xDF00,
    SR2_MSL = 1 << 0,
    SR2_BUSY = 1 << 1,
    CCR_DUTY = 1 << 14,
    CCR_FAST = 1 << 15,
    CCR_VALUE = 0xFFF,
    BITS_OF_A_BYTE = 9, /* with the acknowledge */
};
#define PS_PER_S UINT64_C(1000000000000)

struct i2c_pin {
    char port;
    uint8_t pin;
};

struct i2c_unit {
    const char *name;
    uint32_t base;
    uint8_t enr_bit, event_irq, error_irq;
    struct i2c_pin scl[I2C_PINS], sda[I2C_PINS];
};

/* What the event ends. */
enum i2c_state { I2C_IDLE, I2C_STARTING, I2C_STARTED, I2C_ADDRESSING, I2C_HELD, I2C_STOPPING };

struct i2c {
    const struct i2c_unit *unit;
    uint32_t cr1, cr2, oar1, oar2, sr1, ccr, trise;
    uint8_t dr;
    bool sb_seen;
    bool told_pins, told_smbus;
    enum i2c_state state;
    struct twin_event next;
    bool pulled[2][I2C_PINS]; /* pull-ups that the bus brings */
};

struct twin_i2c {
    struct i2c i2c[I2C_UNITS];
};

enum { I2C_AF = 4 };

/* DS8626 table 9. */
static const struct i2c_unit units[I2C_UNITS] = {
    {"I2C1", 0x40005400, 21, 31, 32, {{'B', 6}, {'B', 8}}, {{'B', 7}, {'B', 9}}},
    {"I2C2",
     0x40005800,
     22,
     33,
     34,
     {{'B', 10}, {'F', 1}, {'H', 4}},
     {{'B', 11}, {'F', 0}, {'H', 5}}},
    {"I2C3", 0x40005C00, 23, 72, 73, {{'A', 8}, {'H', 7}}, {{'C', 9}, {'H', 8}}},
};

/* ---- the bus ---- */

static bool line_is_high(const struct twin *t, const struct i2c_pin pins[I2C_PINS])
{
    for (unsigned i = 0; i < I2C_PINS && pins[i].port != 0; i++) {
        if (twin_gpio_has_af(t, pins[i].port, pins[i].pin, I2C_AF)) {
            return twin_pin_level(t, pins[i].port, pins[i].pin);
        }
    }
    return false;
}

static bool bus_is_free(const struct twin *t, const struct i2c *c)
{
    return line_is_high(t, c->unit->scl) && line_is_high(t, c->unit->sda);
}

static void pull(struct twin *t, struct i2c *c, unsigned line, enum twin_routing what)
{
    const struct i2c_pin *pins = line == 0 ? c->unit->scl : c->unit->sda;
    for (unsigned i = 0; i < I2C_PINS && pins[i].port != 0; i++) {
        bool here = twin_gpio_has_af(t, pins[i].port, pins[i].pin, I2C_AF);
        if (here != c->pulled[line][i] && here == (what == TWIN_PINS_TAKEN)) {
            c->pulled[line][i] = here;
            twin_gpio_line(t, pins[i].port, pins[i].pin, here, true);
        }
    }
}

static void pins_changed(struct twin *t, enum twin_routing what)
{
    for (unsigned i = 0; i < I2C_UNITS; i++) {
        pull(t, &t->i2c->i2c[i], 0, what);
        pull(t, &t->i2c->i2c[i], 1, what);
    }
}

static uint64_t bit_ps(const struct twin *t, const struct i2c *c)
{
    uint64_t units_a_bit = (c->ccr & CCR_FAST) == 0 ? 2 : (c->ccr & CCR_DUTY) != 0 ? 25 : 3;
    return units_a_bit * (c->ccr & CCR_VALUE) * PS_PER_S / twin_pclk1_hz(t);
}

/* ---- what happens on it ---- */

static void update_irq(struct twin *t, const struct i2c *c)
{
    bool event = (c->sr1 & SR1_SB) != 0 && (c->cr2 & CR2_ITEVTEN) != 0;
    bool error = (c->sr1 & SR1_ERRORS) != 0 && (c->cr2 & CR2_ITERREN) != 0;
    twin_irq_set(t, c->unit->event_irq, event);
    twin_irq_set(t, c->unit->error_irq, error);
}

static void go(struct twin *t, struct i2c *c, enum i2c_state state, unsigned bits)
{
    c->state = state;
    twin_event_at(t, &c->next, twin_now_ps(t) + bits * bit_ps(t, c));
}

/* START and STOP, where the bus is ready for them. */
static void proceed(struct twin *t, struct i2c *c)
{
    bool may_start = c->state == I2C_IDLE || c->state == I2C_HELD || c->state == I2C_STARTED;
    if ((c->cr1 & CR1_PE) == 0 || (c->ccr & CCR_VALUE) == 0) {
        return;
    }
    if ((c->cr1 & CR1_STOP) != 0 && (c->state == I2C_HELD || c->state == I2C_STARTED)) {
        go(t, c, I2C_STOPPING, 1);
    } else if ((c->cr1 & CR1_START) != 0 && may_start && (c->sr1 & SR1_SB) == 0) {
        go(t, c, c->state == I2C_IDLE ? I2C_STARTING : c->state, 1);
    }
}

static void on_next(struct twin *t, void *ctx)
{
    struct i2c *c = ctx;
    switch (c->state) {
    case I2C_STARTING:
        if (!bus_is_free(t, c)) {
            go(t, c, I2C_STARTING, 1); /* START stays, and waits */
            return;
        }
        c->state = I2C_STARTED;
        c->sr1 |= SR1_SB;
        c->cr1 &= ~(uint32_t)CR1_START;
        break;
    case I2C_HELD: /* a repeated start */
    case I2C_STARTED:
        c->state = I2C_STARTED;
        c->sr1 |= SR1_SB;
        c->cr1 &= ~(uint32_t)CR1_START;
        break;
    case I2C_ADDRESSING: /* nobody answers: SCL stays low until a stop or a start */
        c->sr1 |= SR1_AF;
        c->state = I2C_HELD;
        proceed(t, c);
        break;
    case I2C_STOPPING:
        c->cr1 &= ~(uint32_t)CR1_STOP;
        c->state = I2C_IDLE;
        proceed(t, c);
        break;
    case I2C_IDLE:
    default:
        break;
    }
    update_irq(t, c);
}

/* ---- registers ---- */

static uint32_t status2(const struct twin *t, const struct i2c *c)
{
    if ((c->cr1 & CR1_PE) == 0) {
        return 0;
    }
    bool master = c->state >= I2C_STARTED;
    return master ? (uint32_t)(SR2_MSL | SR2_BUSY) : bus_is_free(t, c) ? 0 : (uint32_t)SR2_BUSY;
}

static uint32_t read_register(const struct twin *t, struct i2c *c, uint32_t reg)
{
    switch (reg) {
    case I2C_CR1:
        return c->cr1;
    case I2C_CR2:
        return c->cr2;
    case I2C_OAR1:
        return c->oar1;
    case I2C_OAR2:
        return c->oar2;
    case I2C_DR:
        return c->dr;
    case I2C_SR1:
        c->sb_seen = (c->sr1 & SR1_SB) != 0;
        return c->sr1;
    case I2C_SR2:
        return status2(t, c);
    case I2C_CCR:
        return c->ccr;
    case I2C_TRISE:
        return c->trise;
    default:
        return 0;
    }
}

static uint32_t i2c_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    return reg_extract(read_register(t, self, offset & ~3u), offset, width);
}

static void clear(struct twin *t, struct i2c *c)
{
    twin_event_cancel(t, &c->next);
    c->state = I2C_IDLE;
    c->sr1 = 0;
    c->sb_seen = false;
}

static void reset_registers(struct twin *t, struct i2c *c)
{
    clear(t, c);
    c->cr1 = c->cr2 = c->oar1 = c->oar2 = c->ccr = 0;
    c->trise = 2;
    c->dr = 0;
}

static void check_use(struct twin *t, struct i2c *c)
{
    if ((c->cr1 & CR1_SMBUS) != 0 && !c->told_smbus) {
        c->told_smbus = true;
        twin_report(t, TWIN_REPORT_UNMODELLED, c->unit->base, "%s: SMBus is not modelled",
                    c->unit->name);
    }
    bool starts = (c->cr1 & (CR1_PE | CR1_START)) == (CR1_PE | CR1_START);
    if (starts && c->state == I2C_IDLE && !bus_is_free(t, c) && !c->told_pins) {
        c->told_pins = true;
        twin_report(t, TWIN_REPORT_OTHER, c->unit->base,
                    "%s: START on a bus that is not free: SCL or SDA is low, or at no pin",
                    c->unit->name);
    }
}

static void write_cr1(struct twin *t, struct i2c *c, uint32_t value)
{
    c->cr1 = value & 0xBFFB;
    if ((c->cr1 & CR1_SWRST) != 0) {
        reset_registers(t, c);
        c->cr1 = CR1_SWRST;
    } else if ((c->cr1 & CR1_PE) == 0) {
        clear(t, c);
        c->cr1 &= ~(uint32_t)(CR1_START | CR1_STOP);
    }
    check_use(t, c);
    proceed(t, c);
}

/* After SB was seen, DR takes the address. */
static void write_data(struct twin *t, struct i2c *c, uint32_t value)
{
    c->dr = (uint8_t)value;
    if (c->state == I2C_STARTED && c->sb_seen) {
        c->sr1 &= ~(uint32_t)SR1_SB;
        c->sb_seen = false;
        go(t, c, I2C_ADDRESSING, BITS_OF_A_BYTE);
    }
}

static void i2c_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct i2c *c = self;
    uint32_t reg = offset & ~3u;
    value = reg_repeat(width, value);
    if ((c->cr1 & CR1_SWRST) != 0 && reg != I2C_CR1) {
        return; /* held in reset */
    }
    switch (reg) {
    case I2C_CR1:
        write_cr1(t, c, value);
        break;
    case I2C_CR2:
        c->cr2 = value & 0x1F3F;
        break;
    case I2C_OAR1:
        c->oar1 = value & 0xC3FF;
        break;
    case I2C_OAR2:
        c->oar2 = value & 0xFF;
        break;
    case I2C_DR:
        write_data(t, c, value);
        break;
    case I2C_SR1: /* errors: written 0 clears */
        c->sr1 &= value | ~(uint32_t)SR1_ERRORS;
        break;
    case I2C_CCR:
        c->ccr = value & 0xCFFF;
        break;
    case I2C_TRISE:
        c->trise = value & 0x3F;
        break;
    default:
        break;
    }
    update_irq(t, c);
}

static void i2c_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct i2c *c = self;
    (void)kind;
    reset_registers(t, c);
    c->told_pins = c->told_smbus = false;
    update_irq(t, c);
}

static void i2c_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->i2c);
    t->i2c = NULL;
}

int twin_i2c_create(struct twin *t)
{
    t->i2c = calloc(1, sizeof *t->i2c);
    if (t->i2c == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < I2C_UNITS; i++) {
        struct i2c *c = &t->i2c->i2c[i];
        c->unit = &units[i];
        c->next.fn = on_next;
        c->next.ctx = c;
        twin_periph_add(t, &(struct twin_periph){
                               .name = units[i].name,
                               .base = units[i].base,
                               .size = 0x400,
                               .enr = 0x40,
                               .enr_bit = units[i].enr_bit,
                               .self = c,
                               .read = i2c_read,
                               .write = i2c_write,
                               .reset = i2c_reset,
                               .destroy = i == 0 ? i2c_destroy : NULL,
                           });
    }
    twin_gpio_watch_routing(t, pins_changed);
    return TWIN_OK;
}
