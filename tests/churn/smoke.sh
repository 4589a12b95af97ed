#!/bin/sh
# SPDX-License-Identifier: MIT
# The scenario `smoke` against the real server, on a free port, which the tool starts and stops.
#   smoke.sh GRACECAST-CHURN GRACECAST SCENARIO
set -eu
churn=$1 server=$2 scenario=$3

port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 10000) }')
while grep -qi ":$(printf '%04X' "$port") 00000000:0000 0A" /proc/net/tcp /proc/net/tcp6; do
  port=$((port + 1))
done
exec "$churn" --quiet --scenario "$scenario" --url "ws://127.0.0.1:$port/connection/websocket" \
  --api-key k --server-cmd "$server --client.insecure --http_api.key=k --log.level=warn \
    --http_server.address=127.0.0.1 --port=$port"
