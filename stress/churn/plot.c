/* SPDX-License-Identifier: MIT */
/* The samples as a picture, by gnuplot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static void write_data(FILE *gnuplot, const run *r)
{
    (void)fputs("$data << END\n", gnuplot);
    for (size_t i = 0; i < r->sample_count; i++) {
        const run_sample *s = &r->samples[i];

        (void)fprintf(gnuplot, "%.2f %llu %.0f %.0f ", s->at_s, (unsigned long long)s->open,
                      s->connects_per_s, s->deliveries_per_s);
        if (s->deliveries_per_s > 0) /* no latency where nothing arrived: a gap in the line */
            (void)fprintf(gnuplot, "%.4f %.4f\n", (double)s->p50_ns / 1e6, (double)s->p99_ns / 1e6);
        else
            (void)fputs("nan nan\n", gnuplot);
    }
    (void)fputs("END\n", gnuplot);
}

/* A line and a name where each phase begins. Names are letters, digits and signs without meaning
 * to gnuplot, or they are left out. */
static void write_phases(FILE *gnuplot, const run *r)
{
    static const char harmless[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-.,";

    for (size_t i = 0; i < r->phase_count; i++) {
        const run_phase *p = &r->phases[i];
        const char *name = p->plan->name;

        (void)fprintf(gnuplot, "set arrow from %.2f, graph 0 to %.2f, graph 1 nohead lc 'gray'\n",
                      p->from_s, p->from_s);
        if (strspn(name, harmless) == strlen(name))
            (void)fprintf(gnuplot,
                          "set label '%s' at %.2f, graph 0.98 rotate by -90 left offset 0.6,0 "
                          "font ',8' tc 'gray40'\n",
                          name, p->from_s);
    }
}

static void write_panels(FILE *gnuplot, const run *r)
{
    (void)fputs("set multiplot layout 2,1\n"
                "set ylabel 'delivery, ms'\nset logscale y\n"
                "plot $data using 1:6 with lines lw 2 title 'p99', "
                "'' using 1:5 with lines lw 2 title 'p50'\n"
                "unset logscale y\nset xlabel 'seconds'\nset ylabel 'connections'\n"
                "set yrange [0:*]\nset y2range [0:*]\nset y2tics\nset y2label 'per second'\n",
                gnuplot);
    (void)r;
    (void)fputs("plot $data using 1:2 with lines lw 2 title 'open', "
                "'' using 1:3 axes x1y2 with lines title 'new/s', "
                "'' using 1:4 axes x1y2 with lines title 'arrived/s'\n"
                "unset multiplot\n",
                gnuplot);
}

bool plot_write(const run *r, const char *path, buf *errors)
{
    FILE *gnuplot = NULL;

    if (system("command -v gnuplot >/dev/null") != 0) { /* NOLINT(cert-env33-c): constant text */
        buf_printf(errors, "no plot: gnuplot is not installed\n");
        return false;
    }
    if (strpbrk(path, "'\"\\\n") != NULL || r->sample_count == 0) {
        buf_printf(errors, "no plot: %s\n",
                   r->sample_count == 0 ? "the run was too short" : "the file name has quotes");
        return false;
    }
    gnuplot = popen("gnuplot", "we"); /* NOLINT(cert-env33-c): constant text */
    if (gnuplot == NULL) {
        buf_printf(errors, "no plot: gnuplot does not start\n");
        return false;
    }
    (void)fprintf(gnuplot,
                  "set terminal svg size 900,600 background 'white'\nset output '%s'\n"
                  "set grid\nset key outside top center horizontal\n",
                  path);
    write_data(gnuplot, r);
    write_phases(gnuplot, r);
    write_panels(gnuplot, r);
    if (pclose(gnuplot) != 0) {
        buf_printf(errors, "no plot: gnuplot failed\n");
        return false;
    }
    return true;
}
