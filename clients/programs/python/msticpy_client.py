"""Reads alerts and incidents with Microsoft's msticpy, by its SecurityGraph provider.

Its own query list_alerts names the path of the API that has ended; the path is a
parameter, and is given here. Incidents have no query of their own: they are read by a
query string, page by page. Nothing in it knows of the sandbox."""

import contextlib
import datetime
import json
import os
import sys
import warnings

warnings.filterwarnings("ignore")

with contextlib.redirect_stdout(sys.stderr):
    import msticpy

    result = {"ids": [], "alerts": 0}
    try:
        provider = msticpy.QueryProvider("SecurityGraph")
        provider.connect(
            tenant_id=os.environ["TENANT"],
            client_id=os.environ["CLIENT_ID"],
            client_secret=os.environ["CLIENT_SECRET"],
        )
        query = "/security/incidents?$top=40&$expand=alerts"
        while query:
            # An OData answer becomes a frame of one row: the list is one cell of it.
            frame = provider.exec_query(query)
            for incident in frame["value"][0]:
                result["ids"].append(incident["id"])
                result["alerts"] += len(incident["alerts"])
            following = frame.get("@odata.nextLink", [""])[0]
            query = following.removeprefix("https://graph.microsoft.com/v1.0")
        # Without a time zone: it would write one with a plus sign into the address.
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        alerts = provider.SecurityGraphAlert.list_alerts(
            path="/security/alerts_v2", start=now - datetime.timedelta(days=400), end=now
        )
        result["listed"] = len(alerts["value"][0])
    except Exception as error:  # its own kinds have no common ancestor
        result["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(result))
