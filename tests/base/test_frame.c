/* SPDX-License-Identifier: MIT */
/* That the last reference frees, and no other, is seen by ASan. */
#include <criterion/criterion.h>

#include "failing_alloc.h"
#include "frame.h"

Test(base_frame, copies_bytes)
{
    char text[] = "ab\0cd";
    frame *f = frame_copy((view){text, 5});

    cr_assert_not_null(f);
    text[0] = 'x';
    cr_expect(view_eq(frame_view(f), (view){"ab\0cd", 5}));
    frame_put(f);
}

Test(base_frame, may_be_empty)
{
    frame *f = frame_copy((view){0});

    cr_assert_not_null(f);
    cr_expect_eq(frame_view(f).len, 0);
    frame_put(f);
    frame_put(NULL);
}

Test(base_frame, lives_as_long_as_somebody_holds_it)
{
    frame *f = frame_copy(VIEW_LIT("abc"));

    cr_assert_eq(frame_get(f), f);
    cr_assert_eq(frame_get(f), f);
    cr_expect_eq(f->x_refs, 3);
    frame_put(f);
    frame_put(f);
    cr_expect(view_eq(frame_view(f), VIEW_LIT("abc")));
    frame_put(f);
}

Test(base_frame, does_not_come_without_memory)
{
    failing_alloc_arm(0);
    cr_expect_null(frame_new(10));
    cr_expect(failing_alloc_disarm());
    failing_alloc_arm(0);
    cr_expect_null(frame_copy(VIEW_LIT("abc")));
    cr_expect(failing_alloc_disarm());
}

Test(base_frame, refuses_a_length_it_cannot_hold)
{
    failing_alloc_arm(0);
    cr_expect_null(frame_new((size_t)UINT32_MAX + 1));
    cr_expect_null(frame_new(SIZE_MAX));
    cr_expect_not(failing_alloc_disarm(), "it was asked of the allocator");
}
