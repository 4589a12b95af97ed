/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "plan.h"
#include "run.h"
#include "value.h"

static plan p;
static buf errors;

static void begin(void)
{
    cr_assert(plan_init(&p));
}

static void end(void)
{
    plan_fini(&p);
    buf_fini(&errors);
}

TestSuite(churn_plan, .init = begin, .fini = end);

static bool parse(const char *phase)
{
    return plan_parse_phase(&p, view_of(phase), &errors);
}

Test(churn_plan, reads_a_phase_of_two_activities)
{
    cr_assert(parse("churn:rate=1k,stay=250ms,mix=clean:7/reset:3+broadcast:hz=10,for=1m"));
    cr_assert(p.phases[0].has[ACT_CHURN] && p.phases[0].has[ACT_BROADCAST]);
    cr_assert_eq(p.phases[0].churn.rate, 1000);
    cr_assert_eq(p.phases[0].churn.stay_ms, 250);
    cr_assert_eq(p.phases[0].churn.mix[MANNER_CLEAN], 7);
    cr_assert_eq(p.phases[0].churn.mix[MANNER_RESET], 3);
    cr_assert_eq(p.phases[0].broadcast.hz, 10);
    cr_assert_eq(p.phases[0].for_ms, 60000);
}

Test(churn_plan, waits_for_what_is_in_flight_before_each_drain_and_at_the_end)
{
    cr_assert(parse("ramp:connections=1") && parse("drain") && parse("hold:for=1s"));
    cr_assert(plan_complete(&p, &errors));
    cr_assert_eq(p.phase_count, 5);
    cr_assert(p.phases[1].has[ACT_SETTLE] && p.phases[2].has[ACT_DRAIN]);
    cr_assert(p.phases[4].has[ACT_SETTLE]);
}

Test(churn_plan, knows_how_many_connections_it_needs)
{
    cr_assert(parse("ramp:connections=500") && parse("churn:rate=100,stay=2s,for=1s"));
    cr_assert(plan_complete(&p, &errors));
    cr_assert_geq(plan_peak(&p), 500 + 200);
    cr_assert_lt(plan_peak(&p), 500 + 400);
}

Test(churn_plan, refuses_more_phases_than_it_holds)
{
    for (int i = 0; i < PLAN_MAX_PHASES; i++)
        cr_assert(parse("hold:for=1s"));
    cr_assert_not(parse("hold:for=1s"));
}

Test(churn_plan, changes_limits_by_name)
{
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-p99"), VIEW_LIT("50"), &errors));
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-lost"), VIEW_LIT("off"), &errors));
    cr_assert_not(plan_set_gate(&p, VIEW_LIT("max-luck"), VIEW_LIT("1"), &errors));
    cr_assert_eq(p.gates[GATE_MAX_P99], 50);
    cr_assert(isnan(p.gates[GATE_MAX_LOST]));
}

static verdict judge(uint64_t lost, uint64_t delivery_ns)
{
    run r = {.plan = &p, .total = calloc(1, sizeof(tally))};
    verdict v;

    cr_assert_not_null(r.total);
    counter_set(&r.total->lost, lost);
    if (delivery_ns > 0)
        hist_record(&r.total->delivery, delivery_ns);
    v = verdict_of(&r);
    free(r.total);
    return v;
}

Test(churn_plan, passes_a_run_that_kept_all_limits)
{
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-p99"), VIEW_LIT("5"), &errors));
    cr_assert(judge(0, 4000000).good);
}

Test(churn_plan, fails_a_run_that_broke_one)
{
    cr_assert_not(judge(1, 0).good);
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-lost"), VIEW_LIT("1"), &errors));
    cr_assert(judge(1, 0).good);
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-p99"), VIEW_LIT("5"), &errors));
    cr_assert_not(judge(0, 6000000).good);
}

Test(churn_plan, fails_a_latency_that_nobody_measured)
{
    cr_assert(plan_set_gate(&p, VIEW_LIT("max-p99"), VIEW_LIT("5"), &errors));
    cr_assert_not(judge(0, 0).good);
}

Test(churn_value, reads_what_people_write)
{
    uint32_t ms = 0;
    uint32_t count = 0;
    double number = 0;

    cr_assert(value_ms(VIEW_LIT("1.5s"), &ms) && ms == 1500);
    cr_assert(value_ms(VIEW_LIT("2m"), &ms) && ms == 120000);
    cr_assert(value_count(VIEW_LIT("10k"), 20000, &count) && count == 10000);
    cr_assert(value_rate(VIEW_LIT("10Hz"), &number) && number == 10);
    cr_assert(value_share(VIEW_LIT("5%"), &number) && fabs(number - 0.05) < 1e-12);
}

Test(churn_value, refuses_what_makes_no_sense)
{
    uint32_t count = 0;
    double number = 0;

    cr_assert_not(value_count(VIEW_LIT(""), 10, &count));
    cr_assert_not(value_count(VIEW_LIT("-1"), 10, &count));
    cr_assert_not(value_count(VIEW_LIT("1.5"), 10, &count));
    cr_assert_not(value_count(VIEW_LIT("11"), 10, &count));
    cr_assert_not(value_ms(VIEW_LIT("10 parsecs"), &count));
    cr_assert_not(value_share(VIEW_LIT("101%"), &number));
    cr_assert_not(value_number(VIEW_LIT("nan"), 10, &number));
}
