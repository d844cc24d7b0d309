#!/usr/bin/env bash
# Telegraf, once, with the configuration beside it; says which incidents became
# metrics. Nothing in it knows of the sandbox.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$(telegraf --quiet --config "$here/../telegraf/telegraf.conf" --once 2>&1)
python3 - "$out" <<'PY'
import json, sys
ids, other = [], []
for line in sys.argv[1].splitlines():
    try:
        ids.append(json.loads(line)["tags"]["id"])
    except (ValueError, KeyError):
        other.append(line)
result = {"ids": ids}
if any(" E! " in line for line in other):
    result["error"] = "\n".join(other)
print(json.dumps(result))
PY
