/* SPDX-License-Identifier: MIT */
/* See package_figures.c. */
#ifndef ARAREXT_BENCH_PACKAGE_FIGURES_H
#define ARAREXT_BENCH_PACKAGE_FIGURES_H

double bench_verified_boot_24k_ms(void);
double bench_verified_boot_64k_ms(void);
double bench_verified_boot_200k_ms(void);
double bench_verified_boot_400k_ms(void);
double bench_verified_boot_24k_long_ms(void);
double bench_verified_boot_200k_long_ms(void);
double bench_verified_boot_400k_long_ms(void);
double bench_install_200k_over_limit(void);
double bench_update_200k_over_limit(void);
double bench_package_saves_percent(void);

#endif
