package defender

import (
	"encoding/json"
	"strings"
)

// Field names of GET /api/incidents,
// https://learn.microsoft.com/defender-xdr/api-list-incidents. Entities are flat:
// every key is present, and null where it does not apply.

func xdrIncident(o *object, raw json.RawMessage) (*Incident, error) {
	id, err := o.id("incidentId")
	if err != nil {
		return nil, err
	}
	created, err := o.mustTime("createdTime")
	if err != nil {
		return nil, err
	}
	updated, err := o.mustTime("lastUpdateTime")
	if err != nil {
		return nil, err
	}
	i := &Incident{
		Surface: SurfaceXDR, ID: id, TenantID: o.text("tenantId"),
		Name: o.text("incidentName"), Description: o.text("description"), Summary: o.text("summary"),
		Status:         Status(o.enum(enumIncidentStatus, "status")),
		Severity:       Severity(o.enum(enumSeverity, "severity")),
		Classification: Classification(o.enum(enumClassification, "classification")),
		Determination:  Determination(o.enum(enumDetermination, "determination")),
		Created:        created, LastUpdate: updated,
		AssignedTo: o.text("assignedTo"), LastModifiedBy: o.text("lastModifiedBy"),
		RedirectTo: redirect(o), WebURL: o.text("incidentUri", "incidentWebUrl"),
		DetectionSource: o.enum(enumDetectionSource, "detectionSource"),
		Tags:            o.texts("tags"), SystemTags: o.texts("systemTags"),
		Comments: comments(o), Raw: raw,
	}
	for _, rawAlert := range o.list("alerts") {
		alert, err := xdrAlert(o, rawAlert)
		if err != nil {
			return nil, err
		}
		i.Alerts = append(i.Alerts, alert)
	}
	i.Extra = o.extra()
	return i, nil
}

func xdrAlert(parent *object, raw json.RawMessage) (Alert, error) {
	o, err := newObject(parent.surface, parent.path+".alerts", raw)
	if err != nil {
		return Alert{}, err
	}
	id, err := o.id("alertId")
	if err != nil {
		return Alert{}, err
	}
	a := Alert{
		ID: id, ProviderID: o.text("providerAlertId"), IncidentID: o.text("incidentId"),
		Title: o.text("title"), Description: o.text("description"), Category: o.text("category"),
		ServiceSource:   o.enum(enumServiceSource, "serviceSource"),
		DetectionSource: o.enum(enumDetectionSource, "detectionSource"),
		DetectorID:      o.text("detectorId"),
		Severity:        Severity(o.enum(enumSeverity, "severity")),
		Status:          AlertStatus(o.enum(enumAlertStatus, "status")),
		Classification:  Classification(o.enum(enumClassification, "classification")),
		Determination:   Determination(o.enum(enumDetermination, "determination")),
		AssignedTo:      o.text("assignedTo"),
		Created:         o.time("creationTime"), LastUpdate: o.time("lastUpdatedTime"),
		FirstActivity: o.time("firstActivity"), LastActivity: o.time("lastActivity"), Resolved: o.time("resolvedTime"),
		InvestigationID: o.text("investigationId"), InvestigationState: o.enum(enumInvestigation, "investigationState"),
		Actor: o.text("actorName"), ThreatFamily: o.text("threatFamilyName"),
		Techniques: o.texts("mitreTechniques"), Comments: comments(o), Raw: raw,
	}
	for _, list := range []struct {
		field string
		read  func(*object, json.RawMessage) (Evidence, error)
	}{{"devices", xdrDevice}, {"entities", xdrEntity}} {
		for _, rawEvidence := range o.list(list.field) {
			e, err := list.read(o, rawEvidence)
			if err != nil {
				return Alert{}, err
			}
			a.Evidence = append(a.Evidence, e)
		}
	}
	a.Extra = o.extra()
	return a, nil
}

func xdrDevice(parent *object, raw json.RawMessage) (Evidence, error) {
	o, err := newObject(parent.surface, parent.path+".devices", raw)
	if err != nil {
		return Evidence{}, err
	}
	d := &Device{
		ID: o.text("mdatpDeviceId", "deviceId", "DeviceId"), EntraID: o.text("aadDeviceId"), DNSName: o.text("deviceDnsName"),
		OSPlatform: o.text("osPlatform"), OSVersion: o.text("version"), OSProcessor: o.text("osProcessor"), OSBuild: o.number("osBuild"),
		Health: o.enum(enumHealth, "healthStatus"), Risk: o.enum(enumRisk, "riskScore"),
		Antivirus: o.enum(enumAntivirus, "defenderAvStatus"), Onboarding: o.enum(enumOnboarding, "onboardingStatus"),
		RBACGroup: o.text("rbacGroupName"), RBACGroupID: o.number("rbacGroupId"), FirstSeen: o.time("firstSeen"),
	}
	if host, _, found := strings.Cut(d.DNSName, "."); found || host != "" {
		d.Host = host
	}
	for _, rawUser := range o.list("loggedOnUsers") {
		if u, err := newObject(o.surface, o.path+".loggedOnUsers", rawUser); err == nil {
			d.LoggedOn = append(d.LoggedOn, Account{Name: u.text("accountName"), Domain: u.text("domainName")})
		}
	}
	e := Evidence{Type: EvidenceDevice, Device: d, DeviceID: d.ID, Tags: o.texts("tags"), Raw: raw}
	e.Extra = o.extra()
	return e, nil
}

// xdrEvidenceType is Graph's name of an entityType. "Registry" is a value when
// the entity has one, else a key.
func xdrEvidenceType(entityType string, hasValue bool) EvidenceType {
	switch strings.ToLower(entityType) {
	case "":
		return "unknown"
	case "user":
		return EvidenceUser
	case "ip":
		return EvidenceIP
	case "url":
		return EvidenceURL
	case "file":
		return EvidenceFile
	case "process":
		return EvidenceProcess
	case "mailbox":
		return EvidenceMailbox
	case "mailmessage":
		return EvidenceAnalyzedMessage
	case "mailcluster":
		return EvidenceMailCluster
	case "registry":
		if hasValue {
			return EvidenceRegistryValue
		}
		return EvidenceRegistryKey
	case "registrykey":
		return EvidenceRegistryKey
	case "registryvalue":
		return EvidenceRegistryValue
	case "securitygroup":
		return EvidenceSecurityGroup
	}
	return EvidenceType(lowerFirst(entityType))
}

func xdrEntity(parent *object, raw json.RawMessage) (Evidence, error) {
	o, err := newObject(parent.surface, parent.path+".entities", raw)
	if err != nil {
		return Evidence{}, err
	}
	hasValue := len(o.fields["registryValue"]) > 0 && string(o.fields["registryValue"]) != "null"
	e := Evidence{
		Type:    xdrEvidenceType(o.text("entityType"), hasValue),
		Created: o.time("evidenceCreationTime"),
		Verdict: o.enum(enumVerdict, "verdict"), Remediation: o.enum(enumRemediation, "remediationStatus"),
		RemediationDetails: o.text("remediationStatusDetails"),
		DetectionStatus:    o.enum(enumDetectionStatus, "detectionStatus"),
		DeviceID:           o.text("deviceId"), Raw: raw,
	}
	switch e.Type {
	case EvidenceUser:
		e.User = xdrAccount(o)
	case EvidenceFile:
		e.File = xdrFile(o)
	case EvidenceProcess:
		e.Process = &Process{
			ID: o.number("processId"), CommandLine: o.text("processCommandLine"), Created: o.time("processCreationTime"),
			Image: xdrFile(o), ParentID: o.number("parentProcessId"), ParentCreated: o.time("parentProcessCreationTime"),
			Account: xdrAccount(o),
		}
		if name, path := o.text("parentProcessFileName"), o.text("parentProcessFilePath"); name != "" || path != "" {
			e.Process.ParentImage = &File{Name: name, Path: path}
		}
	case EvidenceIP:
		e.IP = &IPAddress{Address: o.text("ipAddress")}
	case EvidenceURL:
		e.URL = &URL{Address: o.text("url")}
	case EvidenceMailbox:
		e.Mailbox = &Mailbox{Address: o.text("mailboxAddress"), DisplayName: o.text("mailboxDisplayName"),
			UPN: o.text("userPrincipalName"), Account: xdrAccount(o)}
		if e.Mailbox.Account != nil { // of a mailbox that somebody owns Graph tells the name twice
			e.Mailbox.Account.UPN = e.Mailbox.UPN
		}
	case EvidenceAnalyzedMessage:
		e.Message = &Message{Sender: o.text("sender"), Recipient: o.text("recipient"), Subject: o.text("subject"),
			DeliveryAction: o.text("deliveryAction")}
	case EvidenceMailCluster:
		e.MailCluster = &MailCluster{By: o.text("clusterBy"), Sender: o.text("sender")}
	case EvidenceRegistryKey, EvidenceRegistryValue:
		e.Registry = registry(o)
		e.Registry.ValueName = o.text("registryValueName")
	case EvidenceSecurityGroup:
		e.SecurityGroup = &SecurityGroup{ID: o.text("securityGroupId"), DisplayName: o.text("securityGroupName")}
	}
	e.Extra = o.extra()
	return e, nil
}

// xdrAccount reads the account part of an entity; nil when it has none.
func xdrAccount(o *object) *Account {
	a := Account{
		Name: o.text("accountName"), Domain: o.text("domainName"), SID: o.text("userSid"),
		EntraID: o.text("aadUserId"), UPN: o.text("userPrincipalName"),
	}
	if a == (Account{}) {
		return nil
	}
	return &a
}

// xdrFile reads the file part of an entity; nil when it has none.
func xdrFile(o *object) *File {
	f := File{Name: o.text("fileName"), Path: o.text("filePath"), SHA1: o.text("sha1"), SHA256: o.text("sha256")}
	if f == (File{}) {
		return nil
	}
	return &f
}
