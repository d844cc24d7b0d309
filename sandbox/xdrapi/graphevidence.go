package xdrapi

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/sandbox/world"
)

// evidenceBase is alertEvidence, which every kind of evidence begins with.
type evidenceBase struct {
	ODataType                string   `json:"@odata.type"`
	CreatedDateTime          *string  `json:"createdDateTime"`
	Verdict                  string   `json:"verdict"`
	RemediationStatus        string   `json:"remediationStatus"`
	RemediationStatusDetails *string  `json:"remediationStatusDetails"`
	Roles                    []string `json:"roles"`
	DetailedRoles            []string `json:"detailedRoles"`
	Tags                     []string `json:"tags"`
}

type deviceEvidence struct {
	evidenceBase
	FirstSeenDateTime     *string        `json:"firstSeenDateTime"`
	MDEDeviceID           *string        `json:"mdeDeviceId"`
	AzureADDeviceID       *string        `json:"azureAdDeviceId"`
	DeviceDNSName         *string        `json:"deviceDnsName"`
	HostName              *string        `json:"hostName"`
	NTDomain              *string        `json:"ntDomain"`
	DNSDomain             *string        `json:"dnsDomain"`
	OSPlatform            *string        `json:"osPlatform"`
	OSBuild               *int64         `json:"osBuild"`
	Version               *string        `json:"version"`
	HealthStatus          string         `json:"healthStatus"`
	RiskScore             string         `json:"riskScore"`
	RBACGroupID           int32          `json:"rbacGroupId"`
	RBACGroupName         *string        `json:"rbacGroupName"`
	OnboardingStatus      string         `json:"onboardingStatus"`
	DefenderAVStatus      string         `json:"defenderAvStatus"`
	LastIPAddress         *string        `json:"lastIpAddress"`
	LastExternalIPAddress *string        `json:"lastExternalIpAddress"`
	IPInterfaces          []string       `json:"ipInterfaces"`
	VMMetadata            *struct{}      `json:"vmMetadata"`
	LoggedOnUsers         []loggedOnUser `json:"loggedOnUsers"`
	ResourceAccessEvents  []struct{}     `json:"resourceAccessEvents"`
}

type loggedOnUser struct {
	AccountName string  `json:"accountName"`
	DomainName  *string `json:"domainName"`
}

type userAccount struct {
	AccountName               *string    `json:"accountName"`
	DomainName                *string    `json:"domainName"`
	UserSID                   *string    `json:"userSid"`
	AzureADUserID             *string    `json:"azureAdUserId"`
	UserPrincipalName         *string    `json:"userPrincipalName"`
	DisplayName               *string    `json:"displayName"`
	ActiveDirectoryObjectGUID *string    `json:"activeDirectoryObjectGuid"`
	TenantID                  *string    `json:"tenantId"`
	ResourceAccessEvents      []struct{} `json:"resourceAccessEvents"`
}

type userEvidence struct {
	evidenceBase
	Stream      *struct{}    `json:"stream"`
	UserAccount *userAccount `json:"userAccount"`
}

type fileDetails struct {
	SHA1          *string `json:"sha1"`
	SHA256        *string `json:"sha256"`
	MD5           *string `json:"md5"`
	SHA256AC      *string `json:"sha256Ac"`
	FileName      *string `json:"fileName"`
	FilePath      *string `json:"filePath"`
	FileSize      *int64  `json:"fileSize"`
	FilePublisher *string `json:"filePublisher"`
	Signer        *string `json:"signer"`
	Issuer        *string `json:"issuer"`
}

type fileEvidence struct {
	evidenceBase
	DetectionStatus *string      `json:"detectionStatus"`
	MDEDeviceID     *string      `json:"mdeDeviceId"`
	FileDetails     *fileDetails `json:"fileDetails"`
}

type processEvidence struct {
	evidenceBase
	ProcessID                     *int64       `json:"processId"`
	ParentProcessID               *int64       `json:"parentProcessId"`
	ProcessCommandLine            *string      `json:"processCommandLine"`
	ProcessCreationDateTime       *string      `json:"processCreationDateTime"`
	ParentProcessCreationDateTime *string      `json:"parentProcessCreationDateTime"`
	DetectionStatus               *string      `json:"detectionStatus"`
	MDEDeviceID                   *string      `json:"mdeDeviceId"`
	ImageFile                     *fileDetails `json:"imageFile"`
	ParentProcessImageFile        *fileDetails `json:"parentProcessImageFile"`
	UserAccount                   *userAccount `json:"userAccount"`
}

type ipEvidence struct {
	evidenceBase
	IPAddress         string    `json:"ipAddress"`
	CountryLetterCode *string   `json:"countryLetterCode"`
	Location          *struct{} `json:"location"`
	Stream            *struct{} `json:"stream"`
}

type urlEvidence struct {
	evidenceBase
	URL string `json:"url"`
}

type mailboxEvidence struct {
	evidenceBase
	PrimaryAddress *string      `json:"primaryAddress"`
	UPN            *string      `json:"upn"`
	DisplayName    *string      `json:"displayName"`
	UserAccount    *userAccount `json:"userAccount"`
}

type emailSender struct {
	EmailAddress *string `json:"emailAddress"`
	DisplayName  *string `json:"displayName"`
	DomainName   *string `json:"domainName"`
}

type messageEvidence struct {
	evidenceBase
	NetworkMessageID       *string      `json:"networkMessageId"`
	InternetMessageID      *string      `json:"internetMessageId"`
	Subject                *string      `json:"subject"`
	Language               *string      `json:"language"`
	SenderIP               *string      `json:"senderIp"`
	RecipientEmailAddress  *string      `json:"recipientEmailAddress"`
	AntiSpamDirection      *string      `json:"antiSpamDirection"`
	DeliveryAction         *string      `json:"deliveryAction"`
	DeliveryLocation       *string      `json:"deliveryLocation"`
	URN                    *string      `json:"urn"`
	Threats                []string     `json:"threats"`
	ThreatDetectionMethods []string     `json:"threatDetectionMethods"`
	URLs                   []string     `json:"urls"`
	URLCount               int64        `json:"urlCount"`
	AttachmentsCount       *int64       `json:"attachmentsCount"`
	ReceivedDateTime       *string      `json:"receivedDateTime"`
	P1Sender               *emailSender `json:"p1Sender"`
	P2Sender               *emailSender `json:"p2Sender"`
}

type registryKeyEvidence struct {
	evidenceBase
	RegistryHive *string `json:"registryHive"`
	RegistryKey  *string `json:"registryKey"`
}

type registryValueEvidence struct {
	registryKeyEvidence
	MDEDeviceID       *string `json:"mdeDeviceId"`
	RegistryValue     *string `json:"registryValue"`
	RegistryValueName *string `json:"registryValueName"`
	RegistryValueType *string `json:"registryValueType"`
}

type mailClusterEvidence struct {
	evidenceBase
	ClusterBy         *string  `json:"clusterBy"`
	ClusterByValue    *string  `json:"clusterByValue"`
	EmailCount        *int64   `json:"emailCount"`
	NetworkMessageIDs []string `json:"networkMessageIds"`
	Query             *string  `json:"query"`
	URN               *string  `json:"urn"`
}

type securityGroupEvidence struct {
	evidenceBase
	ActiveDirectoryObjectGUID *string `json:"activeDirectoryObjectGuid"`
	DisplayName               *string `json:"displayName"`
	DistinguishedName         *string `json:"distinguishedName"`
	FriendlyName              *string `json:"friendlyName"`
	SecurityGroupID           *string `json:"securityGroupId"`
	SID                       *string `json:"sid"`
}

type cloudApplicationEvidence struct {
	evidenceBase
	AppID        *int64    `json:"appId"`
	DisplayName  *string   `json:"displayName"`
	InstanceID   int64     `json:"instanceId"`
	InstanceName *string   `json:"instanceName"`
	SaaSAppID    *int64    `json:"saasAppId"`
	Stream       *struct{} `json:"stream"`
}

type oauthApplicationEvidence struct {
	evidenceBase
	AppID       *string `json:"appId"`
	DisplayName *string `json:"displayName"`
	ObjectID    *string `json:"objectId"`
	Publisher   *string `json:"publisher"`
}

// evidence turns an entity into the evidence type of its kind.
func (t teller) evidence(e world.Entity) any {
	base := func(name string) evidenceBase {
		remediation := "none"
		if e.Remediation != "" {
			remediation = t.enum(e.Remediation, laterRemediations())
		}
		return evidenceBase{
			ODataType:         "#microsoft.graph.security." + name,
			CreatedDateTime:   stamp(e.Created),
			Verdict:           t.enum(e.Verdict, nil),
			RemediationStatus: remediation,
			Roles:             list(e.Roles),
			DetailedRoles:     []string{},
			Tags:              list(e.Tags),
		}
	}
	switch e.Kind {
	case world.EntityDevice:
		return device(base("deviceEvidence"), e.Device)
	case world.EntityUser:
		return userEvidence{evidenceBase: base("userEvidence"), UserAccount: t.account(e.Account)}
	case world.EntityFile:
		return fileEvidence{evidenceBase: base("fileEvidence"), DetectionStatus: detection(e), MDEDeviceID: text(e.File.DeviceMDEID), FileDetails: details(*e.File)}
	case world.EntityProcess:
		p := e.Process
		return processEvidence{
			evidenceBase: base("processEvidence"), ProcessID: number(p.ID), ParentProcessID: number(p.ParentID),
			ProcessCommandLine: text(p.CommandLine), ProcessCreationDateTime: stamp(p.Started),
			ParentProcessCreationDateTime: stamp(p.ParentStarted), DetectionStatus: detection(e), MDEDeviceID: text(p.DeviceMDEID),
			ImageFile: details(p.Image), ParentProcessImageFile: details(p.Parent), UserAccount: t.account(p.Account),
		}
	case world.EntityIP:
		return ipEvidence{evidenceBase: base("ipEvidence"), IPAddress: e.IP, CountryLetterCode: text(e.Country)}
	case world.EntityURL:
		return urlEvidence{base("urlEvidence"), e.URL}
	case world.EntityMailbox:
		return mailboxEvidence{evidenceBase: base("mailboxEvidence"), PrimaryAddress: text(e.Mailbox.UPN), UPN: text(e.Mailbox.UPN), DisplayName: text(e.Mailbox.Display), UserAccount: t.account(e.Mailbox)}
	case world.EntityMail:
		return message(base("analyzedMessageEvidence"), e.Mail)
	case world.EntityRegistry:
		r := e.Registry
		if r.ValueName == "" {
			return registryKeyEvidence{base("registryKeyEvidence"), text(r.Hive), text(r.Key)}
		}
		return registryValueEvidence{
			registryKeyEvidence{base("registryValueEvidence"), text(r.Hive), text(r.Key)},
			text(r.DeviceMDEID), text(r.Value), text(r.ValueName), text(r.ValueType),
		}
	case world.EntityMailCluster:
		m := e.Cluster
		return mailClusterEvidence{base("mailClusterEvidence"), text(m.By), text(m.ByValue), number(m.Count), list(m.NetworkMessageIDs), text(m.Query), text(m.URN)}
	case world.EntitySecurityGroup:
		g := e.Group
		return securityGroupEvidence{
			evidenceBase: base("securityGroupEvidence"), DisplayName: text(g.Name), DistinguishedName: text(g.DistinguishedName),
			FriendlyName: text(g.Name), SecurityGroupID: text(g.ID), SID: text(g.SID),
		}
	case world.EntityCloudApp:
		c := e.CloudApp
		return cloudApplicationEvidence{evidenceBase: base("cloudApplicationEvidence"), AppID: number(c.AppID), DisplayName: text(c.Name), InstanceName: text(c.Instance), SaaSAppID: number(c.SaaSID)}
	case world.EntityOAuthApp:
		o := e.OAuthApp
		return oauthApplicationEvidence{base("oauthApplicationEvidence"), text(o.AppID), text(o.Name), text(o.ObjectID), text(o.Publisher)}
	}
	return nil
}

func device(base evidenceBase, d *world.Device) deviceEvidence {
	out := deviceEvidence{
		evidenceBase: base, FirstSeenDateTime: stamp(d.FirstSeen),
		MDEDeviceID: text(d.MDEID), AzureADDeviceID: text(d.EntraID), DeviceDNSName: text(d.DNSName()), HostName: text(d.Host),
		DNSDomain: text(d.Domain), OSPlatform: text(d.OSPlatform), OSBuild: number(d.OSBuild), Version: text(d.OSVersion),
		HealthStatus: d.Health, RiskScore: d.Risk, RBACGroupID: d.RBACGroupID, RBACGroupName: text(d.RBACGroup),
		OnboardingStatus: d.Onboarding, DefenderAVStatus: d.AVStatus,
		LastIPAddress: text(d.LastIP), LastExternalIPAddress: text(d.ExternalIP), IPInterfaces: []string{},
		LoggedOnUsers: []loggedOnUser{}, ResourceAccessEvents: []struct{}{},
	}
	if d.LastIP != "" {
		out.IPInterfaces = append(out.IPInterfaces, d.LastIP)
	}
	if u := d.LoggedOnUser; u != nil {
		out.LoggedOnUsers = append(out.LoggedOnUsers, loggedOnUser{u.Name, text(u.Domain)})
		out.NTDomain = text(u.Domain)
	}
	if len(d.Tags) > 0 {
		out.Tags = slices.Concat(base.Tags, d.Tags)
	}
	return out
}

func (t teller) account(a *world.Account) *userAccount {
	if a == nil {
		return nil
	}
	return &userAccount{
		AccountName: text(a.Name), DomainName: text(a.Domain), UserSID: text(a.SID), AzureADUserID: text(a.EntraID),
		UserPrincipalName: text(a.UPN), DisplayName: text(a.Display), TenantID: text(t.tenantID), ResourceAccessEvents: []struct{}{},
	}
}

func details(f world.File) *fileDetails {
	if f == (world.File{}) {
		return nil
	}
	return &fileDetails{
		SHA1: text(f.SHA1), SHA256: text(f.SHA256), MD5: text(f.MD5), FileName: text(f.Name), FilePath: text(f.Path),
		FileSize: number(f.Size), FilePublisher: text(f.Publisher), Signer: text(f.Signer),
	}
}

// detection follows from the remediation: what was prevented or blocked was
// detected in that way.
func detection(e world.Entity) *string {
	switch e.Remediation {
	case "prevented", "blocked":
		return text(e.Remediation)
	}
	return text("detected")
}

func message(base evidenceBase, m *world.Mail) messageEvidence {
	_, domain, _ := strings.Cut(m.Sender, "@")
	sender := &emailSender{text(m.Sender), text(m.SenderName), text(domain)}
	return messageEvidence{
		evidenceBase: base, NetworkMessageID: text(m.NetworkMessageID), InternetMessageID: text(m.InternetMessageID),
		Subject: text(m.Subject), SenderIP: text(m.SenderIP), RecipientEmailAddress: text(m.Recipient),
		DeliveryAction: text(m.DeliveryAction), DeliveryLocation: text(m.DeliveryLocation),
		Threats: list(m.Threats), ThreatDetectionMethods: []string{}, URLs: list(m.URLs), URLCount: int64(len(m.URLs)),
		ReceivedDateTime: stamp(m.Received), P1Sender: sender, P2Sender: sender,
	}
}
