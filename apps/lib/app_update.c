/* SPDX-License-Identifier: MIT */
/*
 * Staging, confirming, going back, and the boot report: the caller's bytes in, the bootloader's
 * services out. It keeps the rule that pieces are multiples of 4 bytes but for the last, so that
 * the caller need not.
 */
#include "ararext_app.h"

#include "bytes.h"

int ararext_app_stage_begin(struct ararext_app_stage *s, uint32_t size)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    if (s == NULL) {
        return ARAREXT_APP_ARGUMENT;
    }
    s->services.size = s->services.next = 0;
    s->services.slot = 0;
    s->size = size;
    s->next = 0;
    s->waiting = 0;
    s->failed = 1;
    if (error == 0) {
        error = services->stage_begin(&s->services, size);
    }
    s->failed = error != 0;
    s->slot = s->services.slot;
    return error;
}

/* Hands len bytes, which begin at offset, to the bootloader. */
static int stage_pass(struct ararext_app_stage *s, uint32_t offset, const void *data, uint32_t len)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    if (error == 0) {
        error = services->stage_write(&s->services, offset, data, len);
    }
    s->failed = error != 0;
    return error;
}

/* Bytes into the word that waits, until it is full or the package ends; then it is handed over. */
static int stage_fill_word(struct ararext_app_stage *s, const uint8_t **data, uint32_t *len)
{
    uint32_t waiting;

    while (*len > 0 && s->waiting < sizeof s->word) {
        s->word[s->waiting++] = *(*data)++;
        s->next++;
        (*len)--;
    }
    if (s->waiting < sizeof s->word && s->next < s->size) {
        return 0;
    }
    waiting = s->waiting;
    s->waiting = 0;
    return stage_pass(s, s->next - waiting, s->word, waiting);
}

int ararext_app_stage_write(struct ararext_app_stage *s, const void *data, uint32_t len)
{
    const uint8_t *from = (const uint8_t *)data;
    int error = 0;

    if (s == NULL || (data == NULL && len != 0)) {
        return ARAREXT_APP_ARGUMENT;
    }
    if (s->failed != 0) {
        return REASON_STAGE_ORDER;
    }
    if (len > s->size - s->next) {
        return ARAREXT_APP_ARGUMENT;
    }
    if (s->waiting != 0) {
        error = stage_fill_word(s, &from, &len);
    }
    if (error == 0 && len >= sizeof s->word) {
        uint32_t whole = len - len % (uint32_t)sizeof s->word;
        error = stage_pass(s, s->next, from, whole);
        s->next += whole;
        from += whole;
        len -= whole;
    }
    if (error == 0 && len > 0) {
        error = stage_fill_word(s, &from, &len);
    }
    return error;
}

int ararext_app_stage_finish(struct ararext_app_stage *s)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    if (s == NULL) {
        return ARAREXT_APP_ARGUMENT;
    }
    if (error != 0) {
        return error;
    }
    if (s->failed != 0 || s->next != s->size) {
        return REASON_STAGE_ORDER;
    }
    s->failed = 1; /* sealed or refused: this staging is over */
    return services->stage_finish(&s->services);
}

int ararext_app_confirm(void)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    return error != 0 ? error : services->confirm();
}

int ararext_app_rollback(void)
{
    const struct services *services;
    int error = ararext_app_find_services(&services);

    return error != 0 ? error : services->rollback();
}

static void report_decode(struct ararext_app_report *out, const uint8_t data[SLOTS_SIZE])
{
    static const uint8_t blank[SLOT_ENTRY_SIZE];
    unsigned slot = data[SLOTS_INSTALLED];
    const uint8_t *entry = slot < data[SLOTS_COUNT] && slot < 2u
                               ? data + SLOTS_ENTRIES + slot * SLOT_ENTRY_SIZE
                               : blank;

    out->cause = data[SLOTS_CAUSE];
    out->crashes = data[SLOTS_CRASHES];
    out->trust = data[SLOTS_TRUST];
    out->target = data[SLOTS_TARGET];
    out->slot = entry == blank ? ARAREXT_APP_NO_SLOT : (uint8_t)slot;
    out->state = entry[SLOT_STATE];
    out->attempts = entry[SLOT_ATTEMPTS];
    out->trials = entry[SLOT_TRIALS];
    out->board_counter = load_le16(data + SLOTS_COUNTER);
    out->counter = load_le16(entry + SLOT_COUNTER);
    out->version.major = entry[SLOT_VERSION];
    out->version.minor = entry[SLOT_VERSION + 1u];
    out->version.revision = load_le16(entry + SLOT_VERSION + 2u);
    out->version.build = load_le32(entry + SLOT_VERSION + 4u);
}

int ararext_app_read_report(struct ararext_app_report *out)
{
    const struct services *services;
    uint8_t data[SLOTS_SIZE];
    int error = ararext_app_find_services(&services);

    if (out == NULL) {
        return ARAREXT_APP_ARGUMENT;
    }
    if (error == 0) {
        error = services->report(data, sizeof data);
    }
    if (error == 0 && data[SLOTS_LAYOUT] != SLOTS_LAYOUT_1) {
        error = ARAREXT_APP_OLD_SERVICES;
    }
    if (error == 0) {
        report_decode(out, data);
    }
    return error;
}

int ararext_app_is_on_trial(const struct ararext_app_report *report)
{
    return report->slot != ARAREXT_APP_NO_SLOT && report->state == SLOT_STAGED &&
           report->trials != 0;
}
