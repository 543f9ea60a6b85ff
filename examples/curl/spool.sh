#!/bin/sh
# Leaves one message in the spool directory, for when the server cannot be reached; it is published as soon as it can. In the environment:
# PARLANCE_SPOOL_DIR, ROOM, TEXT, and if any DATA, IDEMPOTENCY_KEY, PARLANCE_API_KEY. Prints the file. Whoever may write there may publish.
set -eu
case $ROOM in '' | *[!A-Za-z0-9_:.-]*) echo "not a room: $ROOM" >&2; exit 22 ;; esac
umask 027
hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
text=$(printf %s "$TEXT" | LC_ALL=C awk '{ gsub(/[\\"]/, "\\\\&"); gsub(/\t/, "\\t"); gsub(/\r/, "\\r"); printf "%s%s", n, $0; n = "\\n" }')
# The key's name, not its secret: keys of publications are told apart by the service that it speaks for.
id=$(printf %s "${PARLANCE_API_KEY:-}" | sed -n 's/^plk_\([0-9a-f]*\)_.*$/\1/p')
file=$PARLANCE_SPOOL_DIR/$(printf %017d "$(date +%s%6N)")-$(hex 8).json
trap 'rm -f "$file.tmp"' EXIT

printf '{"room":"%s","text":"%s"%s,"idempotency_key":"%s"%s}' "$ROOM" "$text" "${DATA:+,\"data\":$DATA}" \
  "${IDEMPOTENCY_KEY:-$(hex 16)}" "${id:+,\"key_id\":\"$id\"}" > "$file.tmp"
sync "$file.tmp"
mv "$file.tmp" "$file"
sync "$PARLANCE_SPOOL_DIR"
printf '%s\n' "$file"
