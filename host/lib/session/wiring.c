/* SPDX-License-Identifier: MIT */
/*
 * Modem lines as reset and button: what words mean, and which lines are asserted for it. Lines are
 * only touched by whoever has a wiring.
 */
#include "wiring.h"

#include <string.h>

#include "reserved.h"

enum { HOLD_MS = 50 }; /* a reset: also through the capacitor that boards have at NRST */

static const struct ararext_wiring_pattern PATTERNS[] = {
    {"direct", "reset=rts,button=dtr", "RTS at NRST, DTR at a button that is low when pressed"},
    {"direct-high", "reset=rts,button=!dtr",
     "RTS at NRST, DTR at a button that is high when pressed"},
    {"swapped", "reset=dtr,button=rts", "DTR at NRST, RTS at a button that is low when pressed"},
    {"swapped-high", "reset=dtr,button=!rts",
     "DTR at NRST, RTS at a button that is high when pressed"},
    {"rts", "reset=rts", "RTS at NRST; the board has an entry window"},
    {"dtr", "reset=dtr",
     "DTR at NRST, also over a capacitor as on Arduino adapters; the board has an entry window"},
    {"esp", "reset=rts,button=dtr,crossed",
     "an ESP programmer's two transistors: EN at NRST, IO0 at a button that is low when pressed"},
};
enum { PATTERN_COUNT = sizeof PATTERNS / sizeof PATTERNS[0] };

const struct ararext_wiring_pattern *ararext_wiring_pattern(size_t i)
{
    return i < PATTERN_COUNT ? &PATTERNS[i] : NULL;
}

/* ---- words ---- */

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* "rts", "!dtr". */
static bool read_line(const char *text, size_t len, unsigned *line, bool *inverted)
{
    *inverted = len > 0 && text[0] == '!';
    text += *inverted;
    len -= *inverted;
    *line = is_word(text, len, "rts")   ? ARAREXT_LINE_RTS
            : is_word(text, len, "dtr") ? ARAREXT_LINE_DTR
                                        : 0;
    return *line != 0;
}

static bool read_part(struct ararext_wiring *w, const char *text, size_t len)
{
    const char *equal = memchr(text, '=', len);
    if (equal == NULL) {
        w->crossed = is_word(text, len, "crossed");
        return w->crossed;
    }
    size_t key = (size_t)(equal - text);
    const char *value = equal + 1;
    if (is_word(text, key, "reset") && w->reset == 0) {
        return read_line(value, len - key - 1, &w->reset, &w->reset_inverted);
    }
    return is_word(text, key, "button") && w->button == 0 &&
           read_line(value, len - key - 1, &w->button, &w->button_inverted);
}

static bool read_words(struct ararext_wiring *w, const char *text)
{
    bool good = true;
    while (good) {
        const char *comma = strchr(text, ',');
        size_t len = comma != NULL ? (size_t)(comma - text) : strlen(text);
        good = read_part(w, text, len);
        if (comma == NULL) {
            return good;
        }
        text = comma + 1;
    }
    return false;
}

int ararext_wiring_parse(struct ararext_wiring *out, const char *text, struct ararext_message *why)
{
    const char *words = text;
    for (size_t i = 0; i < PATTERN_COUNT; i++) {
        words = strcasecmp(PATTERNS[i].name, text) == 0 ? PATTERNS[i].words : words;
    }
    *out = (struct ararext_wiring){0};
    if (!read_words(out, words)) {
        message_set(
            why,
            "wiring '%.100s': expected something like reset=rts,button=dtr (! before a line "
            "inverts it), or the name of a pattern",
            text);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (out->reset == 0) {
        message_set(why, "wiring '%.100s': a line for reset is needed; a button alone does nothing",
                    text);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (out->reset == out->button) {
        message_set(why, "wiring '%.100s': reset and button need a line each", text);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (out->crossed && (out->button == 0 || out->reset_inverted || out->button_inverted)) {
        message_set(why, "wiring '%.100s': crossed lines are a reset and a button, not inverted",
                    text);
        return ARAREXT_ERR_ARGUMENT;
    }
    return ARAREXT_OK;
}

/* ---- lines ---- */

int wiring_set(const struct ararext_transport *t, const struct ararext_wiring *w, bool reset,
               bool button)
{
    if (!NOTHING_RESERVED(w, NULL) || w->reset == 0) {
        return ARAREXT_ERR_ARGUMENT;
    }
    if (t->set_lines == NULL) {
        return ARAREXT_ERR_UNSUPPORTED;
    }
    /* With both asserted two transistors do neither. */
    bool press = button && !(w->crossed && reset);
    unsigned value =
        (reset != w->reset_inverted ? w->reset : 0) | (press != w->button_inverted ? w->button : 0);
    return t->set_lines(t->ctx, w->reset | w->button, value);
}

int ararext_wiring_release(const struct ararext_transport *transport,
                           const struct ararext_wiring *wiring)
{
    return wiring_set(transport, wiring, false, false);
}

int ararext_wiring_reset(const struct ararext_transport *transport,
                         const struct ararext_wiring *wiring)
{
    int rc = wiring_set(transport, wiring, true, false);
    if (rc == ARAREXT_OK) {
        transport->sleep_ms(transport->ctx, HOLD_MS);
        rc = wiring_set(transport, wiring, false, false);
    }
    return rc;
}
