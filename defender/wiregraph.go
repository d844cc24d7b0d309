package defender

import (
	"encoding/json"
	"strings"
)

// Field names of microsoft.graph.security.incident, alert and the evidence
// types, as the v1.0 metadata has them.

func graphIncident(o *object, raw json.RawMessage) (*Incident, error) {
	id, err := o.id("id")
	if err != nil {
		return nil, err
	}
	created, err := o.mustTime("createdDateTime")
	if err != nil {
		return nil, err
	}
	updated, err := o.mustTime("lastUpdateDateTime")
	if err != nil {
		return nil, err
	}
	i := &Incident{
		Surface: SurfaceGraph, ID: id, TenantID: o.text("tenantId"),
		Name: o.text("displayName"), Description: o.text("description"), Summary: o.text("summary"),
		Status:         Status(o.enum(enumIncidentStatus, "status")),
		Severity:       Severity(o.enum(enumSeverity, "severity")),
		Classification: Classification(o.enum(enumClassification, "classification")),
		Determination:  Determination(o.enum(enumDetermination, "determination")),
		Created:        created, LastUpdate: updated,
		AssignedTo: o.text("assignedTo"), LastModifiedBy: o.text("lastModifiedBy"),
		ResolvingComment: o.text("resolvingComment"),
		RedirectTo:       redirect(o), WebURL: o.text("incidentWebUrl"),
		PriorityScore: int(o.number("priorityScore")),
		Tags:          o.texts("customTags"), SystemTags: o.texts("systemTags"),
		Comments: comments(o), Raw: raw,
	}
	for _, rawAlert := range o.list("alerts") {
		alert, err := graphAlert(o, rawAlert)
		if err != nil {
			return nil, err
		}
		i.Alerts = append(i.Alerts, alert)
	}
	i.Extra = o.extra()
	return i, nil
}

func graphAlert(parent *object, raw json.RawMessage) (Alert, error) {
	o, err := newObject(parent.surface, parent.path+".alerts", raw)
	if err != nil {
		return Alert{}, err
	}
	id, err := o.id("id")
	if err != nil {
		return Alert{}, err
	}
	a := Alert{
		ID: id, ProviderID: o.text("providerAlertId"), IncidentID: o.text("incidentId"), TenantID: o.text("tenantId"),
		Title: o.text("title"), Description: o.text("description"), RecommendedActions: o.text("recommendedActions"),
		Category: o.text("category"), Categories: o.texts("categories"),
		ServiceSource:   o.enum(enumServiceSource, "serviceSource"),
		DetectionSource: o.enum(enumDetectionSource, "detectionSource"),
		DetectorID:      o.text("detectorId"), ProductName: o.text("productName"), PolicyID: o.text("alertPolicyId"),
		Severity:       Severity(o.enum(enumSeverity, "severity")),
		Status:         AlertStatus(o.enum(enumAlertStatus, "status")),
		Classification: Classification(o.enum(enumClassification, "classification")),
		Determination:  Determination(o.enum(enumDetermination, "determination")),
		AssignedTo:     o.text("assignedTo"),
		Created:        o.time("createdDateTime"), LastUpdate: o.time("lastUpdateDateTime"),
		FirstActivity: o.time("firstActivityDateTime"), LastActivity: o.time("lastActivityDateTime"),
		Resolved:           o.time("resolvedDateTime"),
		InvestigationState: o.enum(enumInvestigation, "investigationState"),
		Actor:              o.text("actorDisplayName"), Threat: o.text("threatDisplayName"), ThreatFamily: o.text("threatFamilyName"),
		Techniques: o.texts("mitreTechniques"), SystemTags: o.texts("systemTags"),
		WebURL: o.text("alertWebUrl"), IncidentWebURL: o.text("incidentWebUrl"),
		Comments: comments(o), Raw: raw,
	}
	for _, rawEvidence := range o.list("evidence") {
		e, err := graphEvidence(o, rawEvidence)
		if err != nil {
			return Alert{}, err
		}
		a.Evidence = append(a.Evidence, e)
	}
	a.Extra = o.extra()
	return a, nil
}

// evidenceType is the short name of an @odata.type.
func evidenceType(odata string) EvidenceType {
	name := odata[strings.LastIndexAny(odata, ".#")+1:]
	return EvidenceType(strings.TrimSuffix(name, "Evidence"))
}

func graphEvidence(parent *object, raw json.RawMessage) (Evidence, error) {
	o, err := newObject(parent.surface, parent.path+".evidence", raw)
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{
		Type:    evidenceType(o.text("@odata.type")),
		Created: o.time("createdDateTime"),
		Verdict: o.enum(enumVerdict, "verdict"), Remediation: o.enum(enumRemediation, "remediationStatus"),
		RemediationDetails: o.text("remediationStatusDetails"),
		DetectionStatus:    o.enum(enumDetectionStatus, "detectionStatus"),
		Roles:              o.enums(enumEvidenceRole, "roles"), DetailedRoles: o.texts("detailedRoles"), Tags: o.texts("tags"),
		Raw: raw,
	}
	switch e.Type {
	case EvidenceDevice:
		e.Device = graphDevice(o)
		e.DeviceID = e.Device.ID
	case EvidenceUser:
		e.User = graphAccount(o, "userAccount")
	case EvidenceFile:
		e.DeviceID = o.text("mdeDeviceId")
		e.File = graphFile(o, "fileDetails")
	case EvidenceProcess:
		e.DeviceID = o.text("mdeDeviceId")
		e.Process = &Process{
			ID: o.number("processId"), CommandLine: o.text("processCommandLine"), Created: o.time("processCreationDateTime"),
			Image: graphFile(o, "imageFile"), ParentID: o.number("parentProcessId"),
			ParentCreated: o.time("parentProcessCreationDateTime"), ParentImage: graphFile(o, "parentProcessImageFile"),
			Account: graphAccount(o, "userAccount"),
		}
	case EvidenceIP:
		e.IP = &IPAddress{Address: o.text("ipAddress"), CountryCode: o.text("countryLetterCode")}
	case EvidenceURL:
		e.URL = &URL{Address: o.text("url")}
	case EvidenceMailbox:
		e.Mailbox = &Mailbox{Address: o.text("primaryAddress"), DisplayName: o.text("displayName"), UPN: o.text("upn"),
			Account: graphAccount(o, "userAccount")}
	case EvidenceAnalyzedMessage:
		e.Message = graphMessage(o)
	case EvidenceMailCluster:
		e.MailCluster = &MailCluster{By: o.text("clusterBy"), Value: o.text("clusterByValue"), Mails: o.number("emailCount"),
			Query: o.text("query"), IDs: o.texts("networkMessageIds")}
	case EvidenceRegistryKey, EvidenceRegistryValue:
		e.DeviceID = o.text("mdeDeviceId")
		e.Registry = registry(o)
		e.Registry.ValueName = o.text("registryValueName")
	case EvidenceSecurityGroup:
		e.SecurityGroup = &SecurityGroup{ID: o.text("securityGroupId"), DisplayName: o.text("displayName", "friendlyName"),
			SID: o.text("sid"), ADObjectID: o.text("activeDirectoryObjectGuid")}
	case "":
		e.Type = "unknown"
	}
	e.Extra = o.extra()
	return e, nil
}

func registry(o *object) *Registry {
	return &Registry{Hive: o.text("registryHive"), Key: o.text("registryKey"),
		ValueType: o.text("registryValueType"), Value: o.text("registryValue")}
}

func graphDevice(o *object) *Device {
	d := &Device{
		ID: o.text("mdeDeviceId"), EntraID: o.text("azureAdDeviceId"), DNSName: o.text("deviceDnsName"),
		Host: o.text("hostName"), DNSDomain: o.text("dnsDomain"), NTDomain: o.text("ntDomain"),
		OSPlatform: o.text("osPlatform"), OSVersion: o.text("version"), OSBuild: o.number("osBuild"),
		Health: o.enum(enumHealth, "healthStatus"), Risk: o.enum(enumRisk, "riskScore"),
		Antivirus: o.enum(enumAntivirus, "defenderAvStatus"), Onboarding: o.enum(enumOnboarding, "onboardingStatus"),
		RBACGroup: o.text("rbacGroupName"), RBACGroupID: o.number("rbacGroupId"), FirstSeen: o.time("firstSeenDateTime"),
		LastIP: o.text("lastIpAddress"), ExternalIP: o.text("lastExternalIpAddress"), IPs: o.texts("ipInterfaces"),
	}
	for _, raw := range o.list("loggedOnUsers") {
		if u, err := newObject(o.surface, o.path+".loggedOnUsers", raw); err == nil {
			d.LoggedOn = append(d.LoggedOn, Account{Name: u.text("accountName"), Domain: u.text("domainName")})
		}
	}
	return d
}

func graphAccount(parent *object, field string) *Account {
	o := parent.child(field)
	if o == nil {
		return nil
	}
	a := &Account{
		Name: o.text("accountName"), Domain: o.text("domainName"), SID: o.text("userSid"), EntraID: o.text("azureAdUserId"),
		UPN: o.text("userPrincipalName"), DisplayName: o.text("displayName"),
		ADObjectID: o.text("activeDirectoryObjectGuid"), TenantID: o.text("tenantId"),
	}
	parent.giveBack(field, o)
	return a
}

func graphFile(parent *object, field string) *File {
	o := parent.child(field)
	if o == nil {
		return nil
	}
	f := &File{
		Name: o.text("fileName"), Path: o.text("filePath"), SHA1: o.text("sha1"), SHA256: o.text("sha256"), MD5: o.text("md5"),
		Size: o.number("fileSize"), Publisher: o.text("filePublisher"), Signer: o.text("signer"), Issuer: o.text("issuer"),
	}
	parent.giveBack(field, o)
	return f
}

func graphMessage(o *object) *Message {
	m := &Message{
		NetworkMessageID: o.text("networkMessageId"), InternetMessageID: o.text("internetMessageId"),
		SenderIP: o.text("senderIp"), Recipient: o.text("recipientEmailAddress"), Subject: o.text("subject"),
		Received: o.time("receivedDateTime"), Direction: o.text("antiSpamDirection"),
		DeliveryAction: o.text("deliveryAction"), DeliveryLocation: o.text("deliveryLocation"),
		URLs: o.texts("urls"), Threats: o.texts("threats"), Detections: o.texts("threatDetectionMethods"),
		Attachments: o.number("attachmentsCount"), Links: o.number("urlCount"),
	}
	if p2 := o.child("p2Sender"); p2 != nil {
		m.Sender, m.SenderName = p2.text("emailAddress"), p2.text("displayName")
		o.giveBack("p2Sender", p2)
	}
	if p1 := o.child("p1Sender"); p1 != nil {
		m.SenderP1 = p1.text("emailAddress")
		o.giveBack("p1Sender", p1)
	}
	return m
}
