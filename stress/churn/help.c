/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "options.h"

static const char text[] =
    "gracecast-churn: finds out what breaks a push server\n"
    "\n"
    "Usage: gracecast-churn --url WS-URL [--scenario FILE] [OPTION]... [PHASE]...\n"
    "\n"
    "Try it on a server of your own:\n"
    "\n"
    "  gracecast --client.insecure --http_api.key=k &\n"
    "  U=ws://localhost:8000/connection/websocket\n"
    "\n"
    "  # 1,000 viewers of 20 channels, each published to 10 times a second, for 30 s\n"
    "  gracecast-churn --url $U --api-key k --channels 20 \\\n"
    "    ramp:connections=1000,rate=500 broadcast:hz=10,for=30s drain\n"
    "\n"
    "  # the same, while others come and go, some of them rudely; two things at once by +\n"
    "  gracecast-churn --url $U --api-key k --channels 20 ramp:connections=1000 \\\n"
    "    churn:rate=200,mix=clean:7/reset:2/vanish:1+broadcast:hz=10,for=30s drain\n"
    "\n"
    "  # a file of phases, with limits for a CI job and everything written down\n"
    "  gracecast-churn --url $U --api-key k --scenario stress/scenarios/smoke.yaml \\\n"
    "    --max-p99 100 --report out.json --plot out.svg --server-pid $(pidof gracecast)\n"
    "\n"
    "  # a plain WebSocket chat server: what one sends, all get\n"
    "  gracecast-churn --url ws://localhost:9001/ --protocol raw --raw broadcast \\\n"
    "    ramp:connections=100 broadcast:rate=50,for=10s drain\n"
    "\n"
    "Phases are done in the order given. Each is ACTIVITY[:SETTING=VALUE,...], several at the\n"
    "same time joined by +; for=TIME says how long and name=NAME what to call it.\n"
    "\n"
    "  ramp         connections=N steady ones, rate=R new per second (0: at once)\n"
    "  hold         do nothing else\n"
    "  churn        rate=R connections per second come, stay=1s, and end in the manner of\n"
    "               mix=clean:A/reset:B/vanish:C/stall:D/idle:E (shares): by the protocol; by a "
    "TCP\n"
    "               reset; by silence; with half a handshake; without having subscribed.\n"
    "               hold=5s is how long those that vanish or stall are kept\n"
    "  resubscribe  rate=R steady connections per second leave a channel and join it again\n"
    "  broadcast    rate=R publications per second in all, or hz=R per channel; size=128 bytes\n"
    "  slow         share=5% of the steady connections read bytes-per-s=0\n"
    "  storm        all steady connections are cut and come back, rate=0 (at once), within=30s;\n"
    "               restart=yes: because the server is restarted\n"
    "  drain        all connections are closed by the protocol, rate=0\n"
    "\n"
    "Every publication carries its channel, number and time: what is lost, doubled, late or stray\n"
    "is counted, and the exit status is 0 only if all limits below were kept, 1 if one was "
    "broken,\n"
    "2 if the command line was wrong. Latencies are measured from the instant at which something\n"
    "was due, so that a stalled server cannot hide behind requests that it delayed.\n"
    "\n"
    "Target\n"
    "  --url URL               ws://HOST[:PORT]/PATH\n"
    "  --api-key KEY           publish by the HTTP API; without it as a client\n"
    "  --api-url URL           of the HTTP API; default: /api on the same host and port\n"
    "  --protocol NAME         centrifugo (default) or raw\n"
    "  --raw MODE              who gets what is sent: count (unknown, default), broadcast, echo\n"
    "  --raw-send TEXT         sent by each raw connection when it opens\n"
    "  --token JWT             sent with the connect command\n"
    "  --server-pid PID        watch its CPU time and memory\n"
    "  --server-cmd COMMAND    start the server, watch it, restart it in a storm, stop it\n"
    "  --restart-cmd COMMAND   restarts a server that runs already\n"
    "  --i-own-this-host       allow a target that is not this machine\n"
    "\n"
    "Load\n"
    "  --scenario FILE         settings, limits and phases in YAML\n"
    "  --channels N            channels in all (1)\n"
    "  --per-connection N      channels that each connection subscribes to (1)\n"
    "  --channel-prefix TEXT   names are TEXT0, TEXT1...; default: new ones in every run\n"
    "  --publish WAY           http or client\n"
    "  --publishers N          connections to publish by (4)\n"
    "  --conflated yes         channels may leave out all but the newest publication\n"
    "  --recover yes           ask for recovery after a lost connection, and check it\n"
    "  --timeout TIME          of a handshake, an answer, a close (10s)\n"
    "  --settle TIME           a publication later than this is lost (10s)\n"
    "  --max-connections N     at a time; plans that need more are refused (100000)\n"
    "  --max-time TIME         the run ends after it (1h)\n"
    "  --helpers N             processes; default: as few as the descriptors allow\n"
    "\n"
    "Output\n"
    "  --report FILE           everything, as JSON\n"
    "  --plot FILE             latency and connections over time, as SVG (needs gnuplot)\n"
    "  -q, --quiet             nothing but the final report\n"
    "  --dry-run               check the plan, print its phases, do nothing\n"
    "  -h, --help              this text\n"
    "  --version\n"
    "\n"
    "Limits (off: do not judge)\n";

void options_help(buf *out)
{
    buf_append_view(out, view_of(text));
    for (int i = 0; i < GATE_COUNT; i++) {
        plan standard = {0};

        if (!plan_init(&standard))
            return;
        buf_printf(out, "  --%-22s%s (", plan_gate_name((plan_gate)i),
                   plan_gate_text((plan_gate)i));
        if (isnan(standard.gates[i]))
            buf_append_lit(out, "off)\n");
        else
            buf_printf(out, "%g)\n", standard.gates[i]);
        plan_fini(&standard);
    }
}
