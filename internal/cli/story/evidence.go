package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/tenantry/tenantry/defender"
)

// read tells a piece of evidence; false when there is nothing to call it by.
func read(ev defender.Evidence) (entity, bool) {
	var e entity
	if ev == nil {
		return e, false
	}
	switch x := ev.(type) {
	case *defender.DeviceEvidence:
		e.is("devices", "device", cmp.Or(x.DeviceDNSName, x.HostName, x.MDEDeviceID, x.AzureADDeviceID), x.OSPlatform, risk(x.RiskScore))
		e.key = cmp.Or(x.MDEDeviceID, x.AzureADDeviceID)
	case *defender.IoTDeviceEvidence:
		e.is("devices", "device", cmp.Or(x.DeviceName, x.DeviceID, x.MACAddress), x.DeviceType, x.OperatingSystem)
		e.key = x.DeviceID
	case *defender.UserEvidence:
		e.account("users", "user", x.UserAccount)
	case *defender.MailboxEvidence:
		e.is("mailboxes", "mailbox", cmp.Or(x.PrimaryAddress, x.UPN, x.DisplayName), x.DisplayName)
	case *defender.MailboxConfigurationEvidence:
		e.is("mailboxes", "mailbox setting", cmp.Or(x.DisplayName, x.ConfigurationID), words(x.ConfigurationType), cmp.Or(x.MailboxPrimaryAddress, x.UPN))
		e.key = x.ConfigurationID
	case *defender.AnalyzedMessageEvidence:
		e.is("messages", "message", quote(x.Subject), mail(sender(x), x.RecipientEmailAddress), x.DeliveryAction)
		e.key = x.NetworkMessageID + " " + x.RecipientEmailAddress
		e.label = cmp.Or(e.label, x.NetworkMessageID, x.InternetMessageID)
	case *defender.SubmissionMailEvidence:
		e.is("messages", "submitted message", quote(x.Subject), mail(x.Sender, x.Recipient), by(x.Submitter))
		e.key = x.SubmissionID
		e.label = cmp.Or(e.label, x.NetworkMessageID)
	case *defender.TeamsMessageEvidence:
		e.is("messages", "Teams message", cmp.Or(quote(x.Subject), x.MessageID), mail(x.SenderFromAddress, strings.Join(x.Recipients, ", ")), words(x.DeliveryAction))
		e.key = x.MessageID
	case *defender.MailClusterEvidence:
		e.is("messages", "group of messages", cmp.Or(x.ClusterByValue, x.Query, x.URN), x.ClusterBy, number(x.EmailCount, "message", "messages"))
	case *defender.SecurityGroupEvidence:
		e.is("groups", "group", cmp.Or(x.DisplayName, x.FriendlyName, x.DistinguishedName, x.SecurityGroupID, x.SID))
		e.key = cmp.Or(x.SecurityGroupID, x.SID)
	case *defender.FileEvidence:
		e.file(x.FileDetails)
		e.note(x.DetectionStatus)
	case *defender.FileHashEvidence:
		e.is("files", "file", x.Value, x.Algorithm)
	case *defender.ProcessEvidence:
		e.process(x)
	case *defender.MalwareEvidence:
		e.is("malware", "malware", x.Name, x.Category)
	case *defender.IPEvidence:
		e.is("addresses", "address", x.IPAddress, country(x))
	case *defender.DNSEvidence:
		e.is("addresses", "domain", x.DomainName)
	case *defender.ActiveDirectoryDomainEvidence:
		e.is("addresses", "domain", x.ActiveDirectoryDomainName)
	case *defender.NetworkConnectionEvidence:
		from, to := end(x.SourceAddress, x.SourcePort), end(x.DestinationAddress, x.DestinationPort)
		if from+to != "" {
			e.is("addresses", "connection", from+" → "+to, x.Protocol)
		}
	case *defender.NICEvidence:
		e.is("addresses", "network card", x.MACAddress)
	case *defender.URLEvidence:
		e.is("links", "link", x.URL)
	case *defender.RegistryKeyEvidence:
		e.is("registry", "registry key", join(`\`, x.RegistryHive, x.RegistryKey))
	case *defender.RegistryValueEvidence:
		e.is("registry", "registry value", join(`\`, x.RegistryHive, x.RegistryKey, x.RegistryValueName), x.RegistryValueType, x.RegistryValue)
		e.key = e.label + "=" + x.RegistryValue
	default:
		e.cloud(ev)
	}
	if e.label == "" {
		e.any(ev)
	}
	e.key = strings.TrimSpace(cmp.Or(strings.TrimSpace(e.key), e.label))
	e.common(ev.Base())
	return e, e.label != ""
}

// is sets what an entity is called; empty details are left out.
func (e *entity) is(kind, one, label string, details ...string) {
	e.kind, e.one, e.label = kind, one, label
	for _, d := range details {
		if d != label {
			e.note(d)
		}
	}
}

func (e *entity) note(detail string) {
	if detail != "" {
		e.details = append(e.details, detail)
	}
}

func (e *entity) common(b *defender.EvidenceBase) {
	e.verdict = b.Verdict
	for _, r := range b.Roles {
		if r != "unknown" && r != "contextual" {
			e.roles = append(e.roles, words(r))
		}
	}
	if b.Remediation != "" && b.Remediation != "none" {
		e.done = words(b.Remediation)
	}
}

func (e *entity) account(kind, one string, a *defender.UserAccount) {
	if a == nil {
		return
	}
	e.is(kind, one, cmp.Or(a.UserPrincipalName, join(`\`, a.DomainName, a.AccountName), a.DisplayName, a.UserSID, a.AzureADUserID), a.DisplayName)
	e.key = cmp.Or(a.UserPrincipalName, a.AzureADUserID, a.UserSID)
}

func (e *entity) file(f *defender.FileDetails) {
	if f == nil {
		return
	}
	hash := cmp.Or(f.SHA256, f.SHA1, f.MD5)
	e.is("files", "file", cmp.Or(f.FileName, base(f.FilePath), hash), f.FilePath, hash)
	e.key = cmp.Or(f.SHA256, f.SHA1, f.MD5, join("/", f.FilePath, f.FileName))
}

func (e *entity) process(x *defender.ProcessEvidence) {
	name, id := "", ""
	if f := x.ImageFile; f != nil {
		name = cmp.Or(f.FileName, base(f.FilePath))
	}
	if x.ProcessID != nil {
		id = fmt.Sprint(*x.ProcessID)
	}
	if name == "" {
		name, _, _ = strings.Cut(strings.TrimSpace(x.ProcessCommandLine), " ")
	}
	if name == "" && id != "" {
		name = "process " + id
	}
	e.is("processes", "process", name)
	if id != "" {
		e.note("id " + id)
	}
	e.note(x.DetectionStatus)
	e.note(x.ProcessCommandLine)
	e.key = strings.Join([]string{x.MDEDeviceID, id, x.ProcessCreationDateTime.String(), x.ProcessCommandLine, name}, "\x00")
}

// any tells evidence of a kind that has no telling of its own by whatever name
// its JSON gives it.
func (e *entity) any(ev defender.Evidence) {
	text, err := json.Marshal(ev)
	if err != nil {
		return
	}
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return
	}
	for _, name := range []string{"displayName", "name", "resourceName", "fullResourceName", "deviceName", "fileName", "accountName", "url", "resourceId", "id"} {
		if s, ok := fields[name].(string); ok && strings.TrimSpace(s) != "" {
			if e.kind == "" {
				e.kind, e.one = "other", words(string(ev.Type()))
				e.note(e.one)
			}
			e.label = s
			return
		}
	}
}

func sender(x *defender.AnalyzedMessageEvidence) string {
	for _, s := range []*defender.EmailSender{x.P2Sender, x.P1Sender} {
		if s != nil && s.EmailAddress != "" {
			return s.EmailAddress
		}
	}
	return ""
}

func mail(from, to string) string {
	switch {
	case from == "" && to == "":
		return ""
	case to == "":
		return "from " + from
	case from == "":
		return "to " + to
	}
	return from + " → " + to
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return "by " + name
}

func quote(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return "“" + s + "”"
}

func risk(score string) string {
	if score == "" || score == "none" {
		return ""
	}
	return "risk " + score
}

func country(x *defender.IPEvidence) string {
	if l := x.Location; l != nil && (l.City != "" || l.CountryName != "") {
		return join(", ", l.City, l.CountryName)
	}
	return x.CountryLetterCode
}

func end(ip *defender.IPEvidence, port *int32) string {
	text := ""
	if ip != nil {
		text = ip.IPAddress
	}
	if port != nil {
		text += fmt.Sprintf(":%d", *port)
	}
	return text
}

func number(n *int64, one, many string) string {
	if n == nil {
		return ""
	}
	return count(int(*n), one, many)
}

// base is the last part of a path of Windows or of another system.
func base(p string) string {
	if p == "" {
		return ""
	}
	return path.Base(strings.ReplaceAll(p, `\`, "/"))
}
