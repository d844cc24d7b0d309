#!/usr/bin/env bash
# CLI for Microsoft 365: sign in as the app, read all pages of incidents, and
# list alerts with the command that still calls the API that has ended.
# Nothing in it knows of the sandbox.
set -u

export HOME
HOME=$(mktemp -d) # its connections are kept there; each run signs in anew
trap 'rm -rf "$HOME"' EXIT

fail() {
  python3 -c 'import json,sys; print(json.dumps({"ids": [], "error": sys.argv[1]}))' "$1"
  exit
}

out=$(m365 login --authType secret --appId "$CLIENT_ID" --tenant "$TENANT" --secret "$CLIENT_SECRET" --output json 2>&1) || fail "m365 login: $out"
url='https://graph.microsoft.com/v1.0/security/incidents?$top=40&$expand=alerts'
pages=()
while [ -n "$url" ]; do
  page=$(m365 request --url "$url" --output json 2>&1) || fail "m365 request: $page"
  file=$HOME/page${#pages[@]}
  printf '%s' "$page" >"$file"
  pages+=("$file")
  url=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1])).get("@odata.nextLink", ""))' "$file")
done
old=$(m365 tenant security alerts list --output json 2>&1)
python3 - "$old" "${pages[@]}" <<'PY'
import json, sys
incidents = [i for name in sys.argv[2:] for i in json.load(open(name))["value"]]
print(json.dumps({"ids": [i["id"] for i in incidents], "alerts": sum(len(i["alerts"]) for i in incidents), "refused": sys.argv[1].strip()}))
PY
