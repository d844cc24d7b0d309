#!/usr/bin/env bash
# The token requests that Microsoft's pages document for curl, and the call
# that follows. Never -k. Nothing in it knows of the sandbox.
#   v1: resource= on login.windows.net   v2: scope= on login.microsoftonline.com
set -u

post() { # URL, then form fields: prints body, then the status on a line of its own
  local url=$1
  shift
  local args=()
  for field in "$@"; do args+=(--data-urlencode "$field"); done
  curl -sS -w '\n%{http_code}' -X POST -H 'Content-Type: application/x-www-form-urlencoded' "${args[@]}" "$url"
}

json() { python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }

report() { # token? errorType error apiStatus
  python3 -c 'import json,sys; t,e,m,s=sys.argv[1:]; print(json.dumps({"token": t=="true", "errorType": e, "error": m, "apiStatus": int(s)}))' "$@"
}

fields=(grant_type=client_credentials "client_id=$CLIENT_ID")
if [ -n "${CERT_FILE:-}" ]; then
  # What a shell script with openssl sends: RS256, x5t, standard library tools only.
  b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
  now=$(date +%s)
  x5t=$(openssl x509 -in "$CERT_FILE" -outform DER | openssl dgst -sha1 -binary | b64url)
  header=$(printf '{"alg":"RS256","typ":"JWT","x5t":"%s"}' "$x5t" | b64url)
  claims=$(printf '{"aud":"https://login.microsoftonline.com/%s/oauth2/v2.0/token","iss":"%s","sub":"%s","jti":"%s","nbf":%d,"exp":%d}' \
    "$TENANT" "$CLIENT_ID" "$CLIENT_ID" "$(cat /proc/sys/kernel/random/uuid)" "$now" $((now + 600)) | b64url)
  signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign "$KEY_FILE" | b64url)
  fields+=(client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer "client_assertion=$header.$claims.$signature")
elif [ -n "${ASSERTION_FILE:-}" ]; then
  fields+=(client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer "client_assertion=$(cat "$ASSERTION_FILE")")
else
  fields+=("client_secret=$CLIENT_SECRET")
fi

if [ "${PROTOCOL:-v2}" = v1 ]; then
  answer=$(post "https://login.windows.net/$TENANT/oauth2/token" "${fields[@]}" "resource=$RESOURCE") || exit 1
else
  answer=$(post "https://login.microsoftonline.com/$TENANT/oauth2/v2.0/token" "${fields[@]}" "scope=$SCOPE") || exit 1
fi
status=${answer##*$'\n'}
body=${answer%$'\n'*}
if [ "$status" != 200 ]; then
  report false "$(json error <<<"$body")" "$body" 0
  exit
fi
token=$(json access_token <<<"$body")
if [ -n "${SPOIL_TOKEN:-}" ]; then
  i=$((${#token} - 20))
  swap=A
  [ "${token:$i:1}" = A ] && swap=B
  token=${token:0:$i}$swap${token:$((i + 1))}
fi
api=$(curl -sS -w '\n%{http_code}' -H "Authorization: Bearer $token" "$API_URL") || exit 1
code=$(python3 -c 'import json,sys
try: print(json.loads(sys.argv[1])["error"]["code"])
except Exception: print("")' "${api%$'\n'*}")
report true "$code" "" "${api##*$'\n'}"
