# Ways to break the hub that stress/hub_churn.c must notice.

add_mutant(hub_churn no_farewell hub conn.c memb
  "mailbox_post(&c->worker->mailbox, &c->farewell);"
  "c->worker->hub->opts.sink->released(c);")
add_mutant(hub_churn plain_hold hub group.c memb
  "while (holders != 0) {" "for (;;) { usleep(50); /* widens the window */")
add_mutant(hub_churn uncounted_queue hub queue.c memb
  "(void)frame_get(f);" "(void)f;")
add_mutant(hub_churn begun_is_replaced hub queue.c memb
  "s->frame->topic_len != 0 && s->from == 0" "s->frame->topic_len != 0")
add_mutant(hub_churn unpaced_end hub pace.c memb
  "        await_end(p);" "        (void)await_end;")
