/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "api_internal.h"
#include "failing_alloc.h"

static api_call call;
static buf result;
static unsigned done;
static api_outcome outcome;

static void note_done(api_call *c, api_outcome how)
{
    cr_assert_eq(c, &call);
    done++;
    outcome = how;
}

static void setup(void)
{
    call = (api_call){.result = &result, .done = note_done};
}

static void teardown(void)
{
    buf_fini(&call.strings);
    buf_fini(&result);
}

TestSuite(api_call, .init = setup, .fini = teardown);

static api_outcome at_once(api_call *c, view params)
{
    buf_append_view(c->result, params);
    return API_DONE;
}

static api_outcome later(api_call *c, view params)
{
    (void)c;
    (void)params;
    return API_LATER;
}

static api_outcome before_it_returns(api_call *c, view params)
{
    (void)params;
    api_call_end(c, api_fail(c, PROTOCOL_NOT_AVAILABLE));
    return API_LATER;
}

Test(api_call, returns_what_the_method_returns)
{
    const api_method method = {VIEW_LIT("m"), at_once};

    cr_assert_eq(api_call_run(&call, &method, VIEW_LIT("{}")), API_DONE);
    cr_expect(view_eq(buf_view(&result), VIEW_LIT("{}")));
    cr_expect_eq(done, 0);
}

Test(api_call, tells_of_an_end_that_comes_later)
{
    const api_method method = {VIEW_LIT("m"), later};

    cr_assert_eq(api_call_run(&call, &method, VIEW_LIT("{}")), API_LATER);
    cr_expect_eq(done, 0);
    api_call_end(&call, API_DONE);
    cr_expect_eq(done, 1);
    cr_expect_eq(outcome, API_DONE);
}

Test(api_call, returns_an_end_that_came_before_the_method_returned)
{
    const api_method method = {VIEW_LIT("m"), before_it_returns};

    cr_assert_eq(api_call_run(&call, &method, VIEW_LIT("{}")), API_ERROR);
    cr_expect_eq(call.error, PROTOCOL_NOT_AVAILABLE);
    cr_expect_eq(done, 0, "it would be answered twice");
}

Test(api_call, can_be_run_again)
{
    const api_method early = {VIEW_LIT("m"), before_it_returns};
    const api_method late = {VIEW_LIT("m"), later};

    cr_assert_eq(api_call_run(&call, &early, VIEW_LIT("{}")), API_ERROR);
    cr_assert_eq(api_call_run(&call, &late, VIEW_LIT("{}")), API_LATER, "the old end counts again");
    api_call_end(&call, API_DONE);
    cr_expect_eq(done, 1);
}

Test(api_call, has_room_for_all_strings_before_it_begins)
{
    const api_method method = {VIEW_LIT("m"), at_once};

    failing_alloc_arm(0);
    cr_assert_eq(api_call_run(&call, &method, VIEW_LIT("{\"a\":\"\\u0062\"}")), API_ERROR);
    cr_assert(failing_alloc_disarm());
    cr_expect_eq(call.error, PROTOCOL_INTERNAL);
    cr_expect_eq(result.len, 0);
}
