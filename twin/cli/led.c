/* SPDX-License-Identifier: MIT */
/*
 * The LED in few words. A change after a second of rest is told at once; blinking is summed
 * up once a second of virtual time, and only when it blinks otherwise than it did.
 */
#include "cli.h"

#define SECOND_NS UINT64_C(1000000000)

void led_describe(const struct led *led, char *text, size_t size)
{
    if (led->told_tenths != 0) {
        (void)snprintf(text, size, "blinks %u.%u times a second, lit %u %%", led->told_tenths / 10,
                       led->told_tenths % 10, led->told_duty);
    } else {
        (void)snprintf(text, size, "%s", led->on ? "on" : "off");
    }
}

static void tell(const struct led *led, struct show *s)
{
    char text[80];
    led_describe(led, text, sizeof text);
    show_line(s, "LED (%s) %s", led->name, text);
}

static unsigned difference(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

/* The second is over: steady or blinking, and how? */
static void close_window(struct led *led, struct show *s)
{
    unsigned tenths = led->changes * 5; /* two changes make a blink */
    unsigned duty = (unsigned)(led->on_ns / (SECOND_NS / 100));
    bool was_blinking = led->told_tenths != 0;
    if (led->changes == 0) {
        led->told_tenths = 0;
        if (was_blinking) {
            tell(led, s);
        }
    } else if (led->changes > 1 && (!was_blinking || difference(tenths, led->told_tenths) > 10 ||
                                    difference(duty, led->told_duty) > 25)) {
        led->told_tenths = tenths;
        led->told_duty = duty;
        tell(led, s);
    }
    led->changes = 0;
    led->on_ns = 0;
}

/* Counts the lit time up to now into the windows that have gone by. */
static void advance(struct led *led, struct show *s, uint64_t now_ns)
{
    while (now_ns - led->window_ns >= SECOND_NS) {
        uint64_t end = led->window_ns + SECOND_NS;
        uint64_t from = led->changed_ns > led->window_ns ? led->changed_ns : led->window_ns;
        led->on_ns += led->on ? end - from : 0;
        close_window(led, s);
        led->window_ns = end;
        if (now_ns - end > 10 * SECOND_NS) {
            led->window_ns = now_ns - 2 * SECOND_NS; /* nothing happened for long */
        }
    }
}

void led_changed(struct led *led, struct show *s, uint64_t now_ns, bool on)
{
    if (on == led->on) {
        return;
    }
    advance(led, s, now_ns);
    uint64_t from = led->changed_ns > led->window_ns ? led->changed_ns : led->window_ns;
    led->on_ns += led->on ? now_ns - from : 0;
    bool rested = !led->told_any || now_ns - led->changed_ns >= SECOND_NS;
    led->on = on;
    led->changed_ns = now_ns;
    led->changes++;
    if (rested && led->told_tenths == 0) {
        led->told_any = true;
        tell(led, s);
    }
}

void led_tick(struct led *led, struct show *s, uint64_t now_ns)
{
    advance(led, s, now_ns);
}
