/* SPDX-License-Identifier: MIT */
/*
 * What the hardware would not forgive, each place and reason once: then at the tenth, hundredth ...
 * time, and summed up at the end. Numbers in the text do not make it another reason.
 */
#include "cli.h"

#include <ctype.h>

static const char *kind_name(enum twin_report_kind kind)
{
    switch (kind) {
    case TWIN_REPORT_UNMAPPED:
        return "unmapped";
    case TWIN_REPORT_UNMODELLED:
        return "not modelled";
    case TWIN_REPORT_CLOCK_OFF:
        return "clock off";
    case TWIN_REPORT_WAIT_STATES:
        return "wait states";
    case TWIN_REPORT_PLL:
        return "clock tree";
    case TWIN_REPORT_DMA:
        return "DMA";
    case TWIN_REPORT_FLASH:
        return "flash";
    case TWIN_REPORT_USART:
        return "serial";
    case TWIN_REPORT_CORE:
        return "core";
    case TWIN_REPORT_WATCHDOG:
        return "watchdog";
    case TWIN_REPORT_OTHER:
    default:
        return "other";
    }
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x100000001B3); /* FNV-1a */
}

/* A serial error has no place in the program: where it was met says nothing. */
static uint64_t key_of(const struct twin_report *report)
{
    uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), (uint64_t)report->kind);
    if (report->kind != TWIN_REPORT_USART) {
        hash = mix(mix(hash, report->pc), report->address);
    }
    const char *p = report->text;
    while (*p != '\0') {
        if (p[0] == '0' && p[1] == 'x') {
            for (p += 2; isxdigit((unsigned char)*p) != 0; p++) {
            }
        } else {
            hash = mix(hash, (unsigned char)*p++);
        }
    }
    return hash == 0 ? 1 : hash;
}

static struct seen_report *find(struct reports *r, uint64_t key)
{
    for (unsigned i = 0; i < r->kinds; i++) {
        if (r->seen[i].key == key) {
            return &r->seen[i];
        }
    }
    if (r->kinds == REPORTS_KEPT) {
        return NULL;
    }
    r->seen[r->kinds] = (struct seen_report){.key = key};
    return &r->seen[r->kinds++];
}

static bool is_round(uint64_t count)
{
    while (count >= 10 && count % 10 == 0) {
        count /= 10;
    }
    return count == 1;
}

static void tell(struct show *s, const struct twin_report *report, uint64_t count)
{
    char place[64] = "";
    char times[40] = "";
    if (report->kind != TWIN_REPORT_USART) {
        (void)snprintf(place, sizeof place, " (at pc 0x%08X)", (unsigned)report->pc);
        if (report->address != 0) {
            (void)snprintf(place, sizeof place, " (at pc 0x%08X, address 0x%08X)",
                           (unsigned)report->pc, (unsigned)report->address);
        }
    }
    if (count > 1) {
        (void)snprintf(times, sizeof times, ", %llu times so far", (unsigned long long)count);
    }
    show_line(s, "report: %s: %s%s%s", kind_name(report->kind), report->text, place, times);
}

void reports_add(struct reports *r, struct show *s, const struct twin_report *report)
{
    struct seen_report *seen = find(r, key_of(report));
    r->total++;
    if (seen == NULL) {
        r->unlisted++;
        return;
    }
    seen->count++;
    if (is_round(seen->count)) {
        tell(s, report, seen->count);
    }
}

void reports_summary(const struct reports *r, struct show *s)
{
    if (r->total != 0) {
        show_line(s, "%llu reports of %u different things%s", (unsigned long long)r->total,
                  r->kinds, r->unlisted != 0 ? ", and others too many to tell apart" : "");
    }
}
