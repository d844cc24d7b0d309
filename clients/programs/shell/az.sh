#!/usr/bin/env bash
# Azure CLI: sign in as a service principal, show a token, call the API.
# Nothing in it knows of the sandbox.
set -u

export AZURE_CONFIG_DIR
AZURE_CONFIG_DIR=$(mktemp -d) # each run signs in anew
trap 'rm -rf "$AZURE_CONFIG_DIR"' EXIT

report() {
  python3 -c 'import json,sys; t,e,m,s=sys.argv[1:]; print(json.dumps({"token": t=="true", "errorType": e, "error": m, "apiStatus": int(s)}))' "$@"
}

password=${CLIENT_SECRET:-}
[ -n "${CERT_FILE:-}" ] && password=$CERT_FILE
if ! out=$(az login --service-principal -u "$CLIENT_ID" -p "$password" --tenant "$TENANT" --allow-no-subscriptions -o none 2>&1); then
  report false "az login" "$out" 0
  exit
fi
if ! out=$(az account get-access-token --scope "$SCOPE" --query accessToken -o tsv 2>&1); then
  report false "az account get-access-token" "$out" 0
  exit
fi
token=$out
if [ -n "${SPOIL_TOKEN:-}" ]; then
  # az rest signs its own requests unless the header is given.
  i=$((${#token} - 20))
  swap=A
  [ "${token:$i:1}" = A ] && swap=B
  token=${token:0:$i}$swap${token:$((i + 1))}
  out=$(az rest --method get --skip-authorization-header --headers "Authorization=Bearer $token" --url "$API_URL" -o none 2>&1)
else
  out=$(az rest --method get --resource "$RESOURCE" --url "$API_URL" -o none 2>&1)
fi
if [ $? -eq 0 ]; then
  report true "" "" 200
  exit
fi
# az prints "Unauthorized({...})" or "Forbidden({...})".
case $out in
*Unauthorized*) report true "az rest" "$out" 401 ;;
*Forbidden*) report true "az rest" "$out" 403 ;;
*) report true "" "$out" 0 ;;
esac
