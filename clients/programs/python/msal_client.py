"""Asks for a token with Microsoft's MSAL for Python and calls an API with it.

Nothing in it knows of the sandbox."""

import json
import os
import sys

import msal
import requests


def credential():
    if os.environ.get("CERT_FILE"):
        with open(os.environ["CERT_FILE"]) as f:
            pem = f.read()
        # With the public certificate given, MSAL computes the thumbprint
        # itself; without it, the caller has to.
        return {"private_key": pem, "public_certificate": pem, "thumbprint": os.environ["CERT_SHA1"]}
    if os.environ.get("ASSERTION_FILE"):
        with open(os.environ["ASSERTION_FILE"]) as f:
            return {"client_assertion": f.read()}
    return os.environ["CLIENT_SECRET"]


def spoil(token):
    i = len(token) - 20
    return token[:i] + ("B" if token[i] == "A" else "A") + token[i + 1 :]


def main():
    result = {"token": False}
    try:
        app = msal.ConfidentialClientApplication(
            os.environ["CLIENT_ID"],
            authority="https://login.microsoftonline.com/" + os.environ["TENANT"],
            client_credential=credential(),
        )
        answer = app.acquire_token_for_client(scopes=[os.environ["SCOPE"]])
    except ValueError as e:
        # MSAL Python raises this when the authority's discovery is refused.
        result.update(errorType="ValueError", error=str(e))
    else:
        if "access_token" not in answer:
            # MSAL Python reports refusals as a dictionary, not an exception.
            result.update(errorType=answer["error"], error=answer["error_description"])
        else:
            result["token"] = True
            token = answer["access_token"]
            if os.environ.get("SPOIL_TOKEN"):
                token = spoil(token)
            response = requests.get(os.environ["API_URL"], headers={"Authorization": "Bearer " + token}, timeout=30)
            result["apiStatus"] = response.status_code
            try:
                response.raise_for_status()
            except requests.HTTPError as e:
                result.update(errorType="requests.HTTPError", error=str(e))
    json.dump(result, sys.stdout)
    print()


main()
