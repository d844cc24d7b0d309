package world

import (
	"slices"
	"strings"
)

func (r *record) graphIncident() *Incident {
	in := &Incident{
		ID: r.number("id"), RedirectTo: r.number("redirectIncidentId"),
		Name: r.text("displayName"), Description: r.text("description"), Summary: r.text("summary"),
		Created: r.time("createdDateTime"), LastUpdate: r.time("lastUpdateDateTime"), AssignedTo: r.text("assignedTo"),
		Classification: classificationOf(r.text("classification")), Determination: determinationOf(r.text("determination")),
		Status: incidentStatusOf(r.text("status")), Severity: severityOf(r.text("severity")),
		Tags: r.texts("customTags"), SystemTags: r.texts("systemTags"), Comments: r.comments("comments"),
		PriorityScore: int(r.number("priorityScore")), LastModifiedBy: r.text("lastModifiedBy"), ResolvingComment: r.text("resolvingComment"), ExtraSurface: SurfaceGraph,
	}
	r.records("alerts", func(a *record) { in.Alerts = append(in.Alerts, a.graphAlert()) })
	// These follow from the tenant and the id that tell the incident again.
	r.drop("tenantId", "incidentWebUrl", "@odata.type", "@odata.context", "alerts@odata.context")
	in.Extra = r.extra()
	return in
}

func (r *record) graphAlert() *Alert {
	a := &Alert{
		ID: r.text("id"), ProviderAlertID: r.text("providerAlertId"), Title: r.text("title"), Description: r.text("description"),
		RecommendedActions: r.text("recommendedActions"), Category: r.text("category"),
		ServiceSource: serviceSourceOf(r.text("serviceSource")), DetectionSource: detectionSourceOf(r.text("detectionSource")),
		DetectorID: r.text("detectorId"), ProductName: r.text("productName"),
		Severity: severityOf(r.text("severity")), Status: alertStatusOf(r.text("status")),
		Created: r.time("createdDateTime"), LastUpdate: r.time("lastUpdateDateTime"),
		FirstActivity: r.time("firstActivityDateTime"), LastActivity: r.time("lastActivityDateTime"), Resolved: r.time("resolvedDateTime"),
		InvestigationState: investigationStateOf(r.text("investigationState")),
		Classification:     classificationOf(r.text("classification")), Determination: determinationOf(r.text("determination")),
		AssignedTo: r.text("assignedTo"), Actor: r.text("actorDisplayName"), ThreatFamily: r.text("threatFamilyName"), Threat: r.text("threatDisplayName"),
		Techniques: r.texts("mitreTechniques"), Comments: r.comments("comments"), ExtraSurface: SurfaceGraph,
	}
	if a.ID == "" {
		r.fail("id", "the alert has no id")
	}
	r.records("evidence", func(e *record) { a.Entities = append(a.Entities, e.graphEvidence()) })
	r.drop("tenantId", "incidentId", "incidentWebUrl", "alertWebUrl", "@odata.type")
	a.Extra = r.extra()
	return a
}

func (r *record) graphEvidence() Entity {
	kind := strings.TrimPrefix(r.peek("@odata.type"), "#microsoft.graph.security.")
	known := []string{"deviceEvidence", "userEvidence", "fileEvidence", "processEvidence", "ipEvidence", "urlEvidence", "mailboxEvidence", "analyzedMessageEvidence", "registryValueEvidence", "registryKeyEvidence"}
	if !slices.Contains(known, kind) {
		return Entity{Kind: EntityOther, Extra: r.rest}
	}
	r.drop("@odata.type")
	e := Entity{
		Created: r.time("createdDateTime"), Verdict: enum(r.text("verdict"), []string{"unknown", "suspicious", "malicious", "noThreatsFound"}, nil),
		Remediation: enum(r.text("remediationStatus"), nil, nil), Roles: r.texts("roles"), Tags: r.texts("tags"),
	}
	switch kind {
	case "deviceEvidence":
		e.Kind, e.Device = EntityDevice, r.graphDevice()
	case "userEvidence":
		e.Kind, e.Account = EntityUser, &Account{}
		r.object("userAccount", func(u *record) { e.Account = u.graphAccount() })
	case "fileEvidence":
		e.Kind, e.File = EntityFile, &File{}
		r.object("fileDetails", func(f *record) { e.File = f.graphFile() })
		e.File.DeviceMDEID = r.text("mdeDeviceId")
	case "processEvidence":
		e.Kind, e.Process = EntityProcess, r.graphProcess()
	case "ipEvidence":
		e.Kind, e.IP, e.Country = EntityIP, r.text("ipAddress"), r.text("countryLetterCode")
	case "urlEvidence":
		e.Kind, e.URL = EntityURL, r.text("url")
	case "mailboxEvidence":
		e.Kind, e.Mailbox = EntityMailbox, &Account{}
		display, address := r.text("displayName"), r.text("primaryAddress", "upn")
		r.object("userAccount", func(u *record) { e.Mailbox = u.graphAccount() })
		if e.Mailbox.Display == "" {
			e.Mailbox.Display = display
		}
		if address != "" {
			e.Mailbox.UPN = address
		}
	case "analyzedMessageEvidence":
		e.Kind, e.Mail = EntityMail, r.graphMail()
	default:
		e.Kind = EntityRegistry
		e.Registry = &Registry{Hive: r.text("registryHive"), Key: r.text("registryKey"), ValueName: r.text("registryValueName"), ValueType: r.text("registryValueType"), Value: r.text("registryValue"), DeviceMDEID: r.text("mdeDeviceId")}
	}
	e.Extra = r.extra()
	return e
}

// peek reads a text without taking it.
func (r *record) peek(field string) string {
	raw, ok := r.rest[field]
	s := r.text(field)
	if ok {
		r.rest[field] = raw
	}
	return s
}

func (r *record) graphDevice() *Device {
	d := &Device{
		MDEID: r.text("mdeDeviceId"), EntraID: r.text("azureAdDeviceId"), Host: r.text("hostName"), Domain: r.text("dnsDomain"),
		OSPlatform: r.text("osPlatform"), OSVersion: r.text("version"), OSBuild: r.number("osBuild"),
		LastIP: r.text("lastIpAddress"), ExternalIP: r.text("lastExternalIpAddress"), Health: r.text("healthStatus"), Risk: r.text("riskScore"),
		Onboarding: r.text("onboardingStatus"), AVStatus: r.text("defenderAvStatus"), RBACGroup: r.text("rbacGroupName"),
		RBACGroupID: int32(r.number("rbacGroupId")), FirstSeen: r.time("firstSeenDateTime"), //nolint:gosec // an Int32 of Graph
	}
	d.name(r.text("deviceDnsName"))
	return d
}

// name splits a full name into what the device does not know of itself yet.
func (d *Device) name(dns string) {
	host, domain, _ := strings.Cut(dns, ".")
	if d.Host == "" {
		d.Host = host
	}
	if d.Domain == "" {
		d.Domain = domain
	}
}

func (r *record) graphAccount() *Account {
	return &Account{Name: r.text("accountName"), Domain: r.text("domainName"), SID: r.text("userSid"), EntraID: r.text("azureAdUserId"), UPN: r.text("userPrincipalName"), Display: r.text("displayName")}
}

func (r *record) graphFile() *File {
	return &File{Name: r.text("fileName"), Path: r.text("filePath"), SHA1: r.text("sha1"), SHA256: r.text("sha256"), MD5: r.text("md5"), Size: r.number("fileSize"), Publisher: r.text("filePublisher"), Signer: r.text("signer")}
}

func (r *record) graphProcess() *Process {
	p := &Process{
		ID: r.number("processId"), CommandLine: r.text("processCommandLine"), Started: r.time("processCreationDateTime"),
		ParentID: r.number("parentProcessId"), ParentStarted: r.time("parentProcessCreationDateTime"), DeviceMDEID: r.text("mdeDeviceId"),
	}
	r.object("imageFile", func(f *record) { p.Image = *f.graphFile() })
	r.object("parentProcessImageFile", func(f *record) { p.Parent = *f.graphFile() })
	r.object("userAccount", func(u *record) { p.Account = u.graphAccount() })
	return p
}

func (r *record) graphMail() *Mail {
	m := &Mail{
		NetworkMessageID: r.text("networkMessageId"), InternetMessageID: r.text("internetMessageId"), SenderIP: r.text("senderIp"),
		Recipient: r.text("recipientEmailAddress"), Subject: r.text("subject"), DeliveryAction: r.text("deliveryAction"),
		DeliveryLocation: r.text("deliveryLocation"), Received: r.time("receivedDateTime"), URLs: r.texts("urls"), Threats: r.texts("threats"),
	}
	r.object("p2Sender", func(s *record) { m.Sender, m.SenderName = s.text("emailAddress"), s.text("displayName") })
	r.drop("urlCount")
	return m
}
