package world

import "strings"

func (r *record) xdrIncident() *Incident {
	in := &Incident{
		ID: r.number("incidentId"), RedirectTo: r.number("redirectIncidentId"), Name: r.text("incidentName"), Summary: r.text("summary"),
		Created: r.time("createdTime"), LastUpdate: r.time("lastUpdateTime"), AssignedTo: r.text("assignedTo"),
		Classification: classificationOf(r.text("classification")), Determination: determinationOf(r.text("determination")),
		Status: incidentStatusOf(r.text("status")), Severity: severityOf(r.text("severity")),
		Tags: r.texts("tags"), Comments: r.comments("comments"), ExtraSurface: SurfaceXDR,
	}
	r.records("alerts", func(a *record) { in.Alerts = append(in.Alerts, a.xdrAlert()) })
	r.drop("incidentUri", "@odata.context")
	in.Extra = r.extra()
	return in
}

func (r *record) xdrAlert() *Alert {
	a := &Alert{
		ID: r.text("alertId"), ProviderAlertID: r.text("providerAlertId"), Title: r.text("title"), Description: r.text("description"), Category: r.text("category"),
		ServiceSource: serviceSourceOf(r.text("serviceSource")), DetectionSource: detectionSourceOf(r.text("detectionSource")),
		DetectorID: r.text("detectorId"), Severity: severityOf(r.text("severity")), Status: alertStatusOf(r.text("status")),
		Created: r.time("creationTime"), LastUpdate: r.time("lastUpdatedTime"), Resolved: r.time("resolvedTime"),
		FirstActivity: r.time("firstActivity"), LastActivity: r.time("lastActivity"),
		InvestigationID: r.number("investigationId"), InvestigationState: investigationStateOf(r.text("investigationState")),
		Classification: classificationOf(r.text("classification")), Determination: determinationOf(r.text("determination")),
		AssignedTo: r.text("assignedTo"), Actor: r.text("actorName"), ThreatFamily: r.text("threatFamilyName"),
		Techniques: r.texts("mitreTechniques"), ExtraSurface: SurfaceXDR,
	}
	if a.ID == "" {
		r.fail("alertId", "the alert has no id")
	}
	r.records("devices", func(d *record) {
		dev := d.xdrDevice()
		a.Entities = append(a.Entities, Entity{Kind: EntityDevice, Created: a.Created, Device: dev, Extra: d.extra()})
	})
	r.records("entities", func(e *record) { a.Entities = append(a.Entities, e.xdrEntity(a)) })
	r.drop("incidentId")
	a.Extra = r.extra()
	return a
}

func (r *record) xdrDevice() *Device {
	d := &Device{
		MDEID: r.text("mdatpDeviceId", "deviceId"), EntraID: r.text("aadDeviceId"), OSPlatform: r.text("osPlatform"), OSVersion: r.text("version"),
		OSProcessor: r.text("osProcessor"), OSBuild: r.number("osBuild"), Health: lowerFirst(r.text("healthStatus")), Risk: lowerFirst(r.text("riskScore")),
		RBACGroup: r.text("rbacGroupName"), RBACGroupID: int32(r.number("rbacGroupId")), FirstSeen: r.time("firstSeen"), //nolint:gosec // as Graph's Int32
		Onboarding: "onboarded", AVStatus: lowerFirst(r.text("defenderAvStatus")), Tags: r.texts("tags"),
	}
	d.name(r.text("deviceDnsName"))
	return d
}

func lowerFirst(s string) string { return enum(s, nil, nil) }

func (r *record) xdrEntity(a *Alert) Entity {
	e := Entity{Created: a.Created}
	account := func() *Account {
		return &Account{Name: r.text("accountName"), Domain: r.text("domainName"), SID: r.text("userSid"), EntraID: r.text("aadUserId"), UPN: r.text("userPrincipalName")}
	}
	file := func() File {
		return File{Name: r.text("fileName"), Path: r.text("filePath"), SHA1: r.text("sha1"), SHA256: r.text("sha256"), DeviceMDEID: r.text("deviceId")}
	}
	switch strings.ToLower(r.peek("entityType")) {
	case "user":
		e.Kind, e.Account = EntityUser, account()
	case "ip":
		e.Kind, e.IP = EntityIP, r.text("ipAddress")
	case "url":
		e.Kind, e.URL = EntityURL, r.text("url")
	case "file":
		f := file()
		e.Kind, e.File = EntityFile, &f
	case "process":
		p := &Process{
			ID: r.number("processId"), CommandLine: r.text("processCommandLine"), Started: r.time("processCreationTime"),
			ParentID: r.number("parentProcessId"), ParentStarted: r.time("parentProcessCreationTime"), Image: file(),
		}
		p.DeviceMDEID = p.Image.DeviceMDEID
		if who := account(); *who != (Account{}) {
			p.Account = who
		}
		e.Kind, e.Process = EntityProcess, p
	case "mailbox":
		m := account()
		m.Display = r.text("mailboxDisplayName")
		if address := r.text("mailboxAddress"); address != "" {
			m.UPN = address
		}
		e.Kind, e.Mailbox = EntityMailbox, m
	case "mailmessage":
		e.Kind, e.Mail = EntityMail, &Mail{Sender: r.text("sender"), Recipient: r.text("recipient"), Subject: r.text("subject"), DeliveryAction: r.text("deliveryAction")}
	case "registry":
		e.Kind = EntityRegistry
		e.Registry = &Registry{Hive: r.text("registryHive"), Key: r.text("registryKey"), ValueType: r.text("registryValueType"), Value: r.text("registryValue"), DeviceMDEID: r.text("deviceId")}
	default:
		return Entity{Kind: EntityOther, Created: a.Created, Extra: r.rest}
	}
	if created := r.time("evidenceCreationTime"); !created.IsZero() {
		e.Created = created
	}
	r.drop("entityType")
	e.Verdict, e.Remediation = lowerFirst(r.text("verdict")), lowerFirst(r.text("remediationStatus"))
	e.Extra = r.extra()
	return e
}
