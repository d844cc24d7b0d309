"""The request that Microsoft's partner page documents for Python: version 1,
resource=, on login.windows.net, with nothing but the standard library.

Nothing in it knows of the sandbox."""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def spoil(token):
    i = len(token) - 20
    return token[:i] + ("B" if token[i] == "A" else "A") + token[i + 1 :]


def main():
    result = {"token": False}
    form = {
        "resource": os.environ["RESOURCE"],
        "client_id": os.environ["CLIENT_ID"],
        "client_secret": os.environ["CLIENT_SECRET"],
        "grant_type": "client_credentials",
    }
    url = "https://login.windows.net/%s/oauth2/token" % os.environ["TENANT"]
    try:
        with urllib.request.urlopen(urllib.request.Request(url, urllib.parse.urlencode(form).encode())) as response:
            token = json.load(response)["access_token"]
        result["token"] = True
        if os.environ.get("SPOIL_TOKEN"):
            token = spoil(token)
        request = urllib.request.Request(os.environ["API_URL"], headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request) as response:
            result["apiStatus"] = response.status
    except urllib.error.HTTPError as e:
        body = e.read().decode()
        if result["token"]:
            result["apiStatus"] = e.code
        result.update(errorType="urllib.error.HTTPError", error=body)
    json.dump(result, sys.stdout)
    print()


main()
