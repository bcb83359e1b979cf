/* SPDX-License-Identifier: MIT */
/*
 * The state file: what it brings back, and that no wrong file is taken.
 */
#define _POSIX_C_SOURCE 200809L /* mkstemp */

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPARE = 0x08020000 };

static char path[] = "/tmp/ararext-twin-state-XXXXXX";

static int make_path(void **state)
{
    (void)state;
    memset(path + sizeof path - 7, 'X', 6);
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    assert_int_equal(remove(path), 0); /* the name only: there is no file yet */
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    (void)remove(path);
    return 0;
}

static void start(struct fixture *x, uint64_t seed)
{
    struct twin_config config = {.state_path = path, .seed = seed};
    fixture_start(x, &config);
}

static void open_backup_domain(struct fixture *x)
{
    wr(x, 0x40023840, 1u << 28);
    (void)rd(x, 0x40023840);
    wr(x, 0x40007000, 0x4100);
    wr(x, 0x40023830, rd(x, 0x40023830) | 1u << 18);
    (void)rd(x, 0x40023830);
}

static void test_everything_comes_back(void **state)
{
    (void)state;
    struct fixture x;
    start(&x, 1);
    flash_unlock(&x);
    assert_int_equal(program(&x, SPARE, 4, 0x12345678), 0);
    assert_int_equal(program(&x, 0x1FFF7800, 4, 0xAABBCCDD), 0);
    assert_int_equal(program(&x, 0x1FFF7A00, 1, 0), 0);
    assert_int_equal(erase_sector(&x, 6), 0);
    option_unlock(&x);
    set_options(&x, 0x0F7F55EC);
    open_backup_domain(&x);
    wr(&x, 0x40007004, 0x200); /* backup regulator */
    wr(&x, 0x40024ABC, 0x0BADCAFE);
    wr(&x, 0x40002850, 0x11112222);
    wr(&x, 0x4000289C, 0x33334444);
    wr(&x, 0x40023870, 0x8100);
    uint32_t id = rd(&x, 0x1FFF7A10);
    twin_cut_at_flash_operation(x.t, 1, TWIN_CUT_MIDDLE);
    wr(&x, FLASH_CR, CR_PG | CR_X32);
    wr(&x, SPARE + 16, 0);
    run_us(&x, 100);
    assert_true(twin_cut_happened(x.t));
    fixture_stop(&x);

    start(&x, 2); /* another seed: another unique ID, if it were not in the file */
    assert_int_equal(x.reports[TWIN_REPORT_OTHER], 0);
    assert_int_equal(rd(&x, SPARE), 0x12345678);
    assert_int_equal(rd(&x, 0x1FFF7800), 0xAABBCCDD);
    assert_int_equal(rd(&x, 0x1FFF7A00), 0xFFFFFF00);
    assert_int_equal(rd(&x, FLASH_OPTCR), 0x0F7F55ED);
    assert_int_equal(twin_sector_erases(x.t, 6), 1);
    assert_int_equal(rd(&x, 0x1FFF7A10), id);
    uint32_t first = rd(&x, SPARE + 16);
    bool varies = false;
    for (int i = 0; i < 64; i++) {
        varies = varies || rd(&x, SPARE + 16) != first;
    }
    assert_true(varies);
    open_backup_domain(&x);
    assert_int_equal(rd(&x, 0x40024ABC), 0x0BADCAFE);
    assert_int_equal(rd(&x, 0x40002850), 0x11112222);
    assert_int_equal(rd(&x, 0x4000289C), 0x33334444);
    assert_int_equal(rd(&x, 0x40023870), 0x8100);
    fixture_stop(&x);
}

static void test_an_operation_under_way_is_torn_at_the_end(void **state)
{
    (void)state;
    struct fixture x;
    start(&x, 1);
    flash_unlock(&x);
    wr(&x, FLASH_CR, CR_PG | CR_X32);
    wr(&x, SPARE, 0);
    fixture_stop(&x);
    start(&x, 1);
    assert_true(twin_flash_reads_matter(x.t));
    fixture_stop(&x);
}

static FILE *open_file(const char *name, const char *mode)
{
    FILE *file = fopen(name, mode);
    if (file == NULL) {
        perror(name);
        abort();
    }
    return file;
}

static size_t read_all(uint8_t **data)
{
    struct stat st = {0};
    FILE *file = open_file(path, "rb");
    assert_int_equal(fstat(fileno(file), &st), 0);
    size_t size = (size_t)st.st_size;
    if (size == 0) {
        abort();
    }
    *data = malloc(size + 1);
    assert_non_null(*data);
    assert_int_equal(fread(*data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void write_all(const uint8_t *data, size_t size)
{
    FILE *file = open_file(path, "wb");
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void check_refused(const char *why)
{
    uint8_t *before = NULL;
    uint8_t *after = NULL;
    size_t size = read_all(&before);
    struct twin *t = NULL;
    struct twin_config config = {.state_path = path};
    assert_int_equal(twin_create(&t, &config), TWIN_ERR_FORMAT);
    assert_null(t);
    assert_non_null(strstr(twin_error_text(NULL), why));
    assert_non_null(strstr(twin_error_text(NULL), path));
    assert_int_equal(read_all(&after), size); /* what was refused is left alone */
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
}

static void test_wrong_files_are_refused(void **state)
{
    (void)state;
    struct fixture x;
    start(&x, 1);
    fixture_stop(&x);
    uint8_t *data = NULL;
    size_t size = read_all(&data);
    static const size_t flips[] = {100, 0x100000, 0x200000};
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        data[flips[i]] ^= 1;
        write_all(data, size);
        check_refused("is damaged");
        data[flips[i]] ^= 1;
    }
    write_all(data, size - 1);
    check_refused("is damaged");
    write_all(data, 5);
    check_refused("is not a state file");
    data[0] ^= 1;
    write_all(data, size);
    check_refused("is not a state file");
    data[0] ^= 1;
    data[8] ^= 1;
    write_all(data, size);
    check_refused("another version");
    free(data);
}

static void test_longer_file_is_refused(void **state)
{
    (void)state;
    struct fixture x;
    start(&x, 1);
    fixture_stop(&x);
    FILE *file = open_file(path, "ab");
    assert_int_equal(fputc(0, file), 0);
    assert_int_equal(fclose(file), 0);
    check_refused("is damaged");
}

static void test_other_part_is_refused(void **state)
{
    (void)state;
    struct fixture x;
    struct twin_config config = {.flash_kib = 512, .state_path = path};
    fixture_start(&x, &config);
    fixture_stop(&x);
    check_refused("another part: 512 KiB of flash in the file, 1024 asked for");
}

static void refuse(const char *state_path, const char *why)
{
    struct twin *t = NULL;
    struct twin_config config = {.state_path = state_path};
    assert_int_equal(twin_create(&t, &config), TWIN_ERR_FILE);
    assert_null(t);
    assert_non_null(strstr(twin_error_text(NULL), why));
}

static void test_unwritable_place_is_told_at_once(void **state)
{
    (void)state;
    refuse("/nonexistent/folder/state", "cannot be written: No such file");
}

static void test_place_that_went_away_is_told_at_the_end(void **state)
{
    (void)state;
    char file[sizeof path + 8];
    char lock[sizeof path + 16];
    (void)snprintf(file, sizeof file, "%s/s", path);
    (void)snprintf(lock, sizeof lock, "%s/s.lock", path);
    assert_int_equal(mkdir(path, 0700), 0);
    struct fixture x;
    struct twin_config config = {.state_path = file};
    fixture_start(&x, &config);
    assert_int_equal(remove(lock), 0);
    assert_int_equal(rmdir(path), 0);
    fixture_stop(&x);
    assert_int_equal(total_reports(&x), 1);
    assert_int_equal(x.reports[TWIN_REPORT_OTHER], 1);
    assert_non_null(strstr(x.text, "cannot be written"));
}

static void test_a_folder_is_no_state_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    refuse(path, "cannot be read");
    assert_int_equal(rmdir(path), 0);
}

/* Also while there is no file yet, and after the first board has replaced it. */
static void test_a_file_is_one_boards_only(void **state)
{
    (void)state;
    char lock[sizeof path + 8];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    for (unsigned i = 0; i < 2; i++) {
        struct fixture x;
        start(&x, 1);
        refuse(path, "is in use by another twin");
        assert_non_null(strstr(twin_error_text(NULL), path));
        refuse(path, "is in use by another twin"); /* the refused one has taken nothing along */
        fixture_stop(&x);
        assert_int_equal(total_reports(&x), 0);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(access(lock, F_OK), -1); /* nothing is left lying about */
    }
}

/* What a process that was killed leaves behind does not keep others out. */
static void test_a_lock_that_nobody_holds_is_none(void **state)
{
    (void)state;
    char lock[sizeof path + 8];
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    FILE *file = open_file(lock, "wb");
    assert_int_equal(fclose(file), 0);
    struct fixture x;
    start(&x, 1);
    fixture_stop(&x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)
    const struct CMUnitTest tests[] = {
        T(test_everything_comes_back),
        T(test_an_operation_under_way_is_torn_at_the_end),
        T(test_wrong_files_are_refused),
        T(test_longer_file_is_refused),
        T(test_other_part_is_refused),
        T(test_place_that_went_away_is_told_at_the_end),
        T(test_a_folder_is_no_state_file),
        T(test_a_file_is_one_boards_only),
        T(test_a_lock_that_nobody_holds_is_none),
        cmocka_unit_test(test_unwritable_place_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
