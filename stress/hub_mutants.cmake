# Ways to break the hub that stress/hub_churn.c must notice.

add_mutant(hub_churn no_farewell hub conn.c memb
  "mailbox_post(&c->worker->mailbox, &c->farewell);"
  "c->worker->hub->opts.sink->released(c);")
add_mutant(hub_churn plain_hold hub group.c memb
  "while (holders != 0) {" "for (;;) { usleep(50); /* widens the window */")
add_mutant(hub_churn uncounted_queue hub outbox.c memb
  ".frame = frame_get(f)," ".frame = f,")
