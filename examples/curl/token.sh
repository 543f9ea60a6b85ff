#!/bin/sh
# Prints a token for a user, good for an hour: `token.sh 42`, or `token.sh '"ann"'` where ids are texts. PARLANCE_SECRET in the environment.
# openssl takes the secret as an argument, which others on this machine can read meanwhile: for a machine of your own.
set -eu
: "${PARLANCE_SECRET:?}"
user=$(printf %s "$1" | sed -n 's/^"\([A-Za-z0-9_.:@-]\{1,128\}\)"$/\1/p; s/^0$/0/p; s/^\([1-9][0-9]\{0,14\}\)$/\1/p')
if [ -z "$user" ]; then echo "the user's id is a number, or a text in quotes" >&2; exit 2; fi

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
claims=$(printf '{"sub":"%s","user_id":%s,"iat":%d,"exp":%d,"jti":"%s"}' "$user" "$1" "$now" $((now + 3600)) "$(openssl rand -hex 16)")
signed=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(printf %s "$claims" | base64url)
printf '%s.%s\n' "$signed" "$(printf %s "$signed" | openssl dgst -sha256 -hmac "$PARLANCE_SECRET" -binary | base64url)"
