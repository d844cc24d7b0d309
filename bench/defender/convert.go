package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/bench/defender/plain"
	"github.com/tenantry/tenantry/defender"
)

// converted makes defender's types out of what a library has read of the xdr
// surface, as a program has to that wants one type for both surfaces: evidence of
// its kind for each device and entity. It leaves the spelling of enumerations
// as it is, and keeps of what the types have no place for only what the page has.
func converted[L plain.Library](p *plain.XDRPage[L]) []*defender.Incident {
	out := make([]*defender.Incident, len(p.Value))
	for n, x := range p.Value {
		i := &defender.Incident{
			Surface: defender.SurfaceXDR, ID: strconv.FormatInt(x.ID, 10), Name: x.Name, Created: x.Created, LastUpdate: x.LastUpdate, AssignedTo: x.AssignedTo,
			Status: defender.Status(x.Status), Severity: defender.Severity(x.Severity), Classification: defender.Classification(x.Classification),
			Determination: defender.Determination(x.Determination), DetectionSource: x.DetectionSource, Tags: x.Tags,
			RedirectTo: number(x.RedirectTo), Alerts: make([]defender.Alert, len(x.Alerts)),
		}
		for _, c := range x.Comments {
			i.Comments = append(i.Comments, defender.Comment{Text: c.Text, By: c.By, Created: c.Created})
		}
		for m := range x.Alerts {
			convertAlert(&i.Alerts[m], &x.Alerts[m])
		}
		out[n] = i
	}
	return out
}

func convertAlert[L plain.Library](a *defender.Alert, x *plain.XDRAlert[L]) {
	*a = defender.Alert{
		ID: x.ID, IncidentID: strconv.FormatInt(x.IncidentID, 10), ServiceSource: x.ServiceSource, Created: x.Created, LastUpdate: x.LastUpdate, Resolved: x.Resolved,
		FirstActivity: x.FirstActivity, LastActivity: x.LastActivity, Title: x.Title, Description: x.Description, Category: x.Category,
		Status: defender.AlertStatus(x.Status), Severity: defender.Severity(x.Severity), InvestigationID: number(x.InvestigationID), InvestigationState: x.InvestigationState,
		Classification: defender.Classification(x.Classification), Determination: defender.Determination(x.Determination), DetectionSource: x.DetectionSource,
		AssignedTo: x.AssignedTo, Actor: x.Actor, ThreatFamily: x.ThreatFamily, Techniques: x.Techniques,
	}
	if all := len(x.Devices) + len(x.Entities); all > 0 {
		a.Evidence = make([]defender.Evidence, 0, all)
	}
	for n := range x.Devices {
		d := &x.Devices[n]
		e := &defender.DeviceEvidence{
			MDEDeviceID: d.MDATPDeviceID, AzureADDeviceID: d.AADDeviceID, DeviceDNSName: d.DeviceDNSName, OSPlatform: d.OSPlatform, Version: d.Version, OSBuild: d.OSBuild,
			HealthStatus: d.HealthStatus, RiskScore: d.RiskScore, DefenderAVStatus: d.DefenderAVStatus, OnboardingStatus: d.OnboardingStatus,
			RBACGroupName: d.RBACGroupName, RBACGroupID: d.RBACGroupID, FirstSeenDateTime: d.FirstSeen,
		}
		e.Tags = d.Tags
		if d.OSProcessor != "" {
			e.Extra = map[string]json.RawMessage{"osProcessor": json.RawMessage(strconv.Quote(d.OSProcessor))}
		}
		a.Evidence = append(a.Evidence, e)
	}
	for n := range x.Entities {
		e := evidence(&x.Entities[n])
		base, from := e.Base(), &x.Entities[n]
		base.Created, base.Verdict, base.Remediation, base.RemediationDetails = from.EvidenceCreationTime, from.Verdict, from.RemediationStatus, from.RemediationStatusDetails
		a.Evidence = append(a.Evidence, e)
	}
}

func evidence[L plain.Library](x *plain.XDREntity[L]) defender.Evidence {
	switch strings.ToLower(x.EntityType) {
	case "user":
		return &defender.UserEvidence{UserAccount: account(x)}
	case "ip":
		return &defender.IPEvidence{IPAddress: x.IPAddress}
	case "url":
		return &defender.URLEvidence{URL: x.URL}
	case "file":
		return &defender.FileEvidence{FileDetails: file(x), DetectionStatus: x.DetectionStatus, MDEDeviceID: x.DeviceID}
	case "process":
		e := &defender.ProcessEvidence{
			ImageFile: file(x), ProcessID: x.ProcessID, ProcessCommandLine: x.ProcessCommandLine, ProcessCreationDateTime: x.ProcessCreationTime,
			ParentProcessID: x.ParentProcessID, ParentProcessCreationDateTime: x.ParentProcessCreationTime, UserAccount: account(x),
			DetectionStatus: x.DetectionStatus, MDEDeviceID: x.DeviceID,
		}
		if x.ParentProcessFileName != "" {
			e.ParentProcessImageFile = &defender.FileDetails{FileName: x.ParentProcessFileName, FilePath: x.ParentProcessFilePath}
		}
		return e
	case "mailbox":
		return &defender.MailboxEvidence{PrimaryAddress: x.MailboxAddress, DisplayName: x.MailboxDisplayName, UPN: x.UserPrincipalName, UserAccount: account(x)}
	case "mailmessage":
		e := &defender.AnalyzedMessageEvidence{RecipientEmailAddress: x.Recipient, Subject: x.Subject, DeliveryAction: x.DeliveryAction}
		if x.Sender != "" {
			e.P2Sender = &defender.EmailSender{EmailAddress: x.Sender}
		}
		return e
	case "mailcluster":
		return &defender.MailClusterEvidence{ClusterBy: x.ClusterBy}
	case "registry", "registryvalue":
		return &defender.RegistryValueEvidence{
			RegistryHive: x.RegistryHive, RegistryKey: x.RegistryKey, RegistryValueName: x.RegistryValueName,
			RegistryValueType: x.RegistryValueType, RegistryValue: x.RegistryValue, MDEDeviceID: x.DeviceID,
		}
	case "securitygroup":
		return &defender.SecurityGroupEvidence{SecurityGroupID: x.SecurityGroupID, DisplayName: x.SecurityGroupName}
	}
	return &defender.UnknownEvidence{Kind: defender.EvidenceType(x.EntityType)}
}

func account[L plain.Library](x *plain.XDREntity[L]) *defender.UserAccount {
	if x.AccountName == "" && x.UserSID == "" && x.AADUserID == "" && x.UserPrincipalName == "" {
		return nil
	}
	return &defender.UserAccount{AccountName: x.AccountName, DomainName: x.DomainName, UserSID: x.UserSID, AzureADUserID: x.AADUserID, UserPrincipalName: x.UserPrincipalName}
}

func file[L plain.Library](x *plain.XDREntity[L]) *defender.FileDetails {
	if x.FileName == "" && x.FilePath == "" && x.SHA1 == "" && x.SHA256 == "" {
		return nil
	}
	return &defender.FileDetails{FileName: x.FileName, FilePath: x.FilePath, SHA1: x.SHA1, SHA256: x.SHA256}
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
