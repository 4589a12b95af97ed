#!/bin/sh
# SPDX-License-Identifier: MIT
# A fan-out server on nginx with nchan: nchan.sh PORT. Viewers name their channels in the URL,
# /?c=NAME,NAME; publications are posted to /publish?id=NAME.
set -eu
dir="${TMPDIR:-/tmp}/gracecast-bench-nchan"
mkdir -p "$dir"
cat >"$dir/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
master_process off;
pid $dir/pid;
error_log $dir/error.log error;
events { worker_connections 20000; }
http {
  access_log off;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  nchan_shared_memory_size 512M;
  server {
    listen 127.0.0.1:$1 backlog=4096;
    location = /publish {
      nchan_publisher http;
      nchan_channel_id \$arg_id;
      nchan_message_buffer_length 1000;
    }
    location = / {
      nchan_subscriber websocket;
      nchan_channel_id \$arg_c;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
    }
  }
}
CONF
# When it is ended without a master process nchan frees something twice, and libc says so.
exec /usr/sbin/nginx -e "$dir/error.log" -c "$dir/nginx.conf" 2>/dev/null
