#!/bin/sh
# Publishes one message. In the environment: PARLANCE_URL, PARLANCE_API_KEY, ROOM (`user:42` is a user's own, `notifications` everybody's),
# TEXT, DATA (a JSON object, if any), PARLANCE_SPOOL_DIR (if any), IDEMPOTENCY_KEY (if this was tried before).
# Ends with 0: published, or in the spool; 22: refused, for good; 75: no answer, to be tried again with the same IDEMPOTENCY_KEY.
set -eu
case $ROOM in '' | *[!A-Za-z0-9_:.-]*) echo "not a room: $ROOM" >&2; exit 22 ;; esac
export IDEMPOTENCY_KEY="${IDEMPOTENCY_KEY:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}"
text=$(printf %s "$TEXT" | LC_ALL=C awk '{ gsub(/[\\"]/, "\\\\&"); gsub(/\t/, "\\t"); gsub(/\r/, "\\r"); printf "%s%s", n, $0; n = "\\n" }')
answer=$(mktemp) && trap 'rm -f "$answer"' EXIT

# The key goes by a file descriptor: what is an argument, everybody on this machine can read.
status=$(printf '{"room":"%s","text":"%s"%s}' "$ROOM" "$text" "${DATA:+,\"data\":$DATA}" |
  curl --silent --show-error --max-time 2 --retry 3 --retry-max-time 10 --retry-all-errors \
    --header "Idempotency-Key: $IDEMPOTENCY_KEY" --header "Content-Type: application/json" --header @/dev/fd/3 \
    --data-binary @- --output "$answer" --write-out '%{http_code}' "$PARLANCE_URL/api/v1/publish" 3<<EOF
Authorization: Bearer $PARLANCE_API_KEY
EOF
) || status=none

# Only an answer of the server's own counts: a proxy's 404 settles nothing.
case $status in
20[01]) if grep -q '"results":' "$answer"; then cat "$answer"; exit 0; fi ;;
408 | 429) ;;
4*) if grep -q '"code":' "$answer"; then cat "$answer" >&2; exit 22; fi ;;
esac
if [ -z "${PARLANCE_SPOOL_DIR:-}" ]; then exit 75; fi
sh "$(dirname "$0")/spool.sh" || exit 75
