#!/bin/bash
# `wget -q --spider http://host:port/path`: succeeds on status 200.
set -euo pipefail
url="${*: -1}"
rest="${url#http://}"
address="${rest%%/*}"
exec 3<>"/dev/tcp/${address%%:*}/${address##*:}"
printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${rest#*/}" "$address" >&3
read -r _ status _ <&3
[[ "$status" == 200 ]]
