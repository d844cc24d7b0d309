package defender

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// On the xdr surface an alert has devices and entities. Both are read into flat
// objects with the members of the documentation (xdr_gen.go), and those are
// turned into Graph's evidence here and back. What a kind of evidence has no
// property for goes to Extra under its xdr name.

// xdrForm is how evidence was told on the xdr surface.
type xdrForm struct {
	told told
	kind string // entityType as spelled; of a device: the member that told its id
}

func (d *decoder) entities(a *Alert) bool {
	first := len(d.gathered)
	ok := d.elements(&a.told, alertEntities, func() bool {
		d.entity = xdrEntity{}
		if !d.record(&d.entity) {
			return false
		}
		d.gathered = append(d.gathered, d.entity.evidence())
		return true
	})
	a.Evidence = append(a.Evidence, d.gathered[first:]...)
	d.gathered = d.gathered[:first]
	return ok
}

// devices puts the devices before the entities, whichever came first.
func (d *decoder) devices(a *Alert) bool {
	first := len(d.gathered)
	ok := d.elements(&a.told, alertDevices, func() bool {
		d.device = xdrDevice{}
		if !d.record(&d.device) {
			return false
		}
		d.gathered = append(d.gathered, d.device.evidence())
		return true
	})
	if devices := d.gathered[first:]; len(devices) > 0 {
		a.Evidence = slices.Concat(devices, a.Evidence)
	}
	d.gathered = d.gathered[:first]
	return ok
}

func (w *writer) devicesAndEntities(a *Alert) {
	var devices []*xdrDevice
	var entities []*xdrEntity
	for i, e := range a.Evidence {
		if device, ok := e.(*DeviceEvidence); ok {
			devices = append(devices, deviceOf(device))
			w.canCarry(i, e, func() Evidence { return deviceOf(device).evidence() })
			continue
		}
		x := entityOf(e)
		if x == nil {
			w.fail(indexed("evidence", i), "is of a kind that this surface does not have")
			continue
		}
		entities = append(entities, x)
		w.canCarry(i, e, func() Evidence { return entityOf(e).evidence() })
	}
	w.list("devices", alertDevices, len(devices), devices == nil, func(i int) { w.object(devices[i]) })
	w.list("entities", alertEntities, len(entities), entities == nil, func(i int) { w.object(entities[i]) })
}

// canCarry refuses to lose a part of evidence: what comes back from its xdr
// form must be equal, apart from how it is told.
func (w *writer) canCarry(i int, e Evidence, back func() Evidence) {
	text := func(e Evidence) []byte {
		v := writer{surface: SurfaceGraph, plain: true}
		v.object(e)
		return v.jx.Buf
	}
	if !bytes.Equal(text(e), text(back())) {
		w.fail(indexed("evidence", i), "holds more than this surface has places for")
	}
}

// kinds of entities, spelled as xdr does.
const (
	entityUser          = "User"
	entityIP            = "Ip"
	entityURL           = "Url"
	entityFile          = "File"
	entityProcess       = "Process"
	entityMailbox       = "MailBox"
	entityMessage       = "MailMessage"
	entityMailCluster   = "MailCluster"
	entityRegistry      = "Registry" // a value when it has one, else a key
	entityRegistryKey   = "RegistryKey"
	entityRegistryValue = "RegistryValue"
	entitySecurityGroup = "SecurityGroup"
)

// evidence takes what it has a property for out of x; the rest goes to Extra.
func (x *xdrEntity) evidence() Evidence {
	form := &xdrForm{told: x.told, kind: take(&x.EntityType)}
	x.every = false
	var e Evidence
	is := func(kind string) bool { return strings.EqualFold(form.kind, kind) }
	switch {
	case is(entityUser):
		e = &UserEvidence{UserAccount: x.account()}
	case is(entityIP):
		e = &IPEvidence{IPAddress: take(&x.IPAddress)}
	case is(entityURL):
		e = &URLEvidence{URL: take(&x.URL)}
	case is(entityFile):
		e = &FileEvidence{FileDetails: x.file(), DetectionStatus: take(&x.DetectionStatus), MDEDeviceID: take(&x.DeviceID)}
	case is(entityProcess):
		e = &ProcessEvidence{
			ImageFile: x.file(), ProcessID: take(&x.ProcessID), ProcessCommandLine: take(&x.ProcessCommandLine),
			ProcessCreationDateTime: take(&x.ProcessCreationTime),
			ParentProcessID:         take(&x.ParentProcessID), ParentProcessCreationDateTime: take(&x.ParentProcessCreationTime),
			ParentProcessImageFile: x.parentFile(), UserAccount: x.account(),
			DetectionStatus: take(&x.DetectionStatus), MDEDeviceID: take(&x.DeviceID),
		}
	case is(entityMailbox):
		m := &MailboxEvidence{PrimaryAddress: take(&x.MailboxAddress), DisplayName: take(&x.MailboxDisplayName), UPN: take(&x.UserPrincipalName), UserAccount: x.account()}
		if m.UserAccount != nil { // of a mailbox that somebody owns Graph tells the name twice
			m.UserAccount.UserPrincipalName = m.UPN
		}
		e = m
	case is(entityMessage):
		m := &AnalyzedMessageEvidence{RecipientEmailAddress: take(&x.Recipient), Subject: take(&x.Subject), DeliveryAction: take(&x.DeliveryAction)}
		if x.Sender != "" {
			m.P2Sender = &EmailSender{EmailAddress: take(&x.Sender)} // the sender people see
		}
		e = m
	case is(entityMailCluster):
		e = &MailClusterEvidence{ClusterBy: take(&x.ClusterBy)}
	case is(entityRegistry) && x.RegistryValue != "", is(entityRegistryValue):
		e = &RegistryValueEvidence{
			RegistryHive: take(&x.RegistryHive), RegistryKey: take(&x.RegistryKey), RegistryValueName: take(&x.RegistryValueName),
			RegistryValueType: take(&x.RegistryValueType), RegistryValue: take(&x.RegistryValue), MDEDeviceID: take(&x.DeviceID),
		}
	case is(entityRegistry), is(entityRegistryKey):
		e = &RegistryKeyEvidence{RegistryHive: take(&x.RegistryHive), RegistryKey: take(&x.RegistryKey)}
	case is(entitySecurityGroup):
		e = &SecurityGroupEvidence{SecurityGroupID: take(&x.SecurityGroupID), DisplayName: take(&x.SecurityGroupName)}
	default:
		e = &UnknownEvidence{Kind: EvidenceType(lowerFirst(form.kind))}
	}
	base := e.Base()
	base.Created = take(&x.EvidenceCreationTime)
	base.Verdict, base.Remediation = take(&x.Verdict), take(&x.RemediationStatus)
	base.RemediationDetails = take(&x.RemediationStatusDetails)
	base.Extra = leftOver(x, &x.told, &x.Extra)
	base.xdr = form
	return e
}

// entityOf is the entity that tells e; nil if there is no such kind.
func entityOf(e Evidence) *xdrEntity {
	if e == nil {
		return nil
	}
	base := e.Base()
	x := &xdrEntity{
		EvidenceCreationTime: base.Created, Verdict: base.Verdict, RemediationStatus: base.Remediation,
		RemediationStatusDetails: base.RemediationDetails, Extra: base.Extra, every: base.xdr == nil,
	}
	var kinds []string // the first is the usual one
	switch e := e.(type) {
	case *UserEvidence:
		kinds = []string{entityUser}
		x.putAccount(e.UserAccount)
	case *IPEvidence:
		kinds = []string{entityIP}
		x.IPAddress = e.IPAddress
	case *URLEvidence:
		kinds = []string{entityURL}
		x.URL = e.URL
	case *FileEvidence:
		kinds = []string{entityFile}
		x.putFile(e.FileDetails)
		x.DetectionStatus, x.DeviceID = e.DetectionStatus, e.MDEDeviceID
	case *ProcessEvidence:
		kinds = []string{entityProcess}
		x.putFile(e.ImageFile)
		x.ProcessID, x.ProcessCommandLine, x.ProcessCreationTime = e.ProcessID, e.ProcessCommandLine, e.ProcessCreationDateTime
		x.ParentProcessID, x.ParentProcessCreationTime = e.ParentProcessID, e.ParentProcessCreationDateTime
		if p := e.ParentProcessImageFile; p != nil {
			x.ParentProcessFileName, x.ParentProcessFilePath = p.FileName, p.FilePath
		}
		x.putAccount(e.UserAccount)
		x.DetectionStatus, x.DeviceID = e.DetectionStatus, e.MDEDeviceID
	case *MailboxEvidence:
		kinds = []string{entityMailbox}
		x.putAccount(e.UserAccount)
		x.MailboxAddress, x.MailboxDisplayName, x.UserPrincipalName = e.PrimaryAddress, e.DisplayName, e.UPN
	case *AnalyzedMessageEvidence:
		kinds = []string{entityMessage}
		x.Recipient, x.Subject, x.DeliveryAction = e.RecipientEmailAddress, e.Subject, e.DeliveryAction
		if e.P2Sender != nil {
			x.Sender = e.P2Sender.EmailAddress
		}
	case *MailClusterEvidence:
		kinds = []string{entityMailCluster}
		x.ClusterBy = e.ClusterBy
	case *RegistryValueEvidence:
		kinds = []string{entityRegistry, entityRegistryValue}
		if e.RegistryValue == "" {
			kinds = []string{entityRegistryValue}
		}
		x.RegistryHive, x.RegistryKey, x.RegistryValueName = e.RegistryHive, e.RegistryKey, e.RegistryValueName
		x.RegistryValueType, x.RegistryValue, x.DeviceID = e.RegistryValueType, e.RegistryValue, e.MDEDeviceID
	case *RegistryKeyEvidence:
		kinds = []string{entityRegistry, entityRegistryKey}
		x.RegistryHive, x.RegistryKey = e.RegistryHive, e.RegistryKey
	case *SecurityGroupEvidence:
		kinds = []string{entitySecurityGroup}
		x.SecurityGroupID, x.SecurityGroupName = e.SecurityGroupID, e.DisplayName
	case *UnknownEvidence:
		kinds = []string{upperFirst(string(e.Kind)), string(e.Kind)}
	default:
		return nil
	}
	x.EntityType = kinds[0]
	if f := base.xdr; f != nil {
		x.told = f.told
		if slices.ContainsFunc(kinds, func(k string) bool { return strings.EqualFold(k, f.kind) }) {
			x.EntityType = f.kind
		}
	}
	return x
}

func (x *xdrEntity) account() *UserAccount {
	if x.AccountName == "" && x.DomainName == "" && x.UserSID == "" && x.AADUserID == "" && x.UserPrincipalName == "" {
		return nil
	}
	return &UserAccount{
		AccountName: take(&x.AccountName), DomainName: take(&x.DomainName), UserSID: take(&x.UserSID),
		AzureADUserID: take(&x.AADUserID), UserPrincipalName: take(&x.UserPrincipalName),
	}
}

func (x *xdrEntity) putAccount(a *UserAccount) {
	if a != nil {
		x.AccountName, x.DomainName, x.UserSID, x.AADUserID, x.UserPrincipalName = a.AccountName, a.DomainName, a.UserSID, a.AzureADUserID, a.UserPrincipalName
	}
}

func (x *xdrEntity) file() *FileDetails {
	if x.FileName == "" && x.FilePath == "" && x.SHA1 == "" && x.SHA256 == "" {
		return nil
	}
	return &FileDetails{FileName: take(&x.FileName), FilePath: take(&x.FilePath), SHA1: take(&x.SHA1), SHA256: take(&x.SHA256)}
}

func (x *xdrEntity) parentFile() *FileDetails {
	if x.ParentProcessFileName == "" && x.ParentProcessFilePath == "" {
		return nil
	}
	return &FileDetails{FileName: take(&x.ParentProcessFileName), FilePath: take(&x.ParentProcessFilePath)}
}

func (x *xdrEntity) putFile(f *FileDetails) {
	if f != nil {
		x.FileName, x.FilePath, x.SHA1, x.SHA256 = f.FileName, f.FilePath, f.SHA1, f.SHA256
	}
}

// take returns what *v holds and leaves zero.
func take[T any](v *T) T {
	taken := *v
	*v = *new(T)
	return taken
}

// flat is a device or entity.
type flat interface {
	record
	holds() bool
}

// leftOver adds the members that x still holds to Extra, under their xdr names.
func leftOver(x flat, t *told, extra *map[string]json.RawMessage) map[string]json.RawMessage {
	kept := *extra
	*extra = nil
	if !x.holds() {
		return kept
	}
	*t = t.spelling()
	w := writer{surface: SurfaceXDR}
	w.object(x)
	d := &decoder{in: cursor{text: w.jx.Buf}}
	var left map[string]json.RawMessage
	d.dictionary(&told{}, 0, &left)
	for name, raw := range kept {
		left[name] = raw
	}
	return left
}

// upperFirst turns Graph's camelCase into PascalCase.
func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}

// lowerFirst turns PascalCase into Graph's camelCase.
func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]-'A'+'a') + s[1:]
}
