package defender

import (
	"encoding/json"
	"time"
)

// EvidenceType names a kind of evidence as Microsoft Graph does, without the
// namespace and the word "Evidence": "#microsoft.graph.security.deviceEvidence"
// is "device". Kinds not listed here occur and are kept under their own name
// with their fields in Extra.
type EvidenceType string

// Kinds of evidence with typed parts.
const (
	EvidenceDevice          EvidenceType = "device"
	EvidenceUser            EvidenceType = "user"
	EvidenceFile            EvidenceType = "file"
	EvidenceProcess         EvidenceType = "process"
	EvidenceIP              EvidenceType = "ip"
	EvidenceURL             EvidenceType = "url"
	EvidenceMailbox         EvidenceType = "mailbox"
	EvidenceAnalyzedMessage EvidenceType = "analyzedMessage"
	EvidenceMailCluster     EvidenceType = "mailCluster"
	EvidenceRegistryKey     EvidenceType = "registryKey"
	EvidenceRegistryValue   EvidenceType = "registryValue"
	EvidenceSecurityGroup   EvidenceType = "securityGroup"
)

// Evidence is one thing an alert is about. The part that Type names is set;
// all other parts are nil. For a kind without a typed part, Extra holds
// everything it carries.
type Evidence struct {
	Type    EvidenceType `json:"type"`
	Created time.Time    `json:"created,omitzero"`

	Verdict            string   `json:"verdict,omitempty"`           // unknown, suspicious, malicious, noThreatsFound
	Remediation        string   `json:"remediationStatus,omitempty"` // none, remediated, prevented, blocked, …
	RemediationDetails string   `json:"remediationStatusDetails,omitempty"`
	DetectionStatus    string   `json:"detectionStatus,omitempty"` // detected, blocked, prevented
	Roles              []string `json:"roles,omitempty"`           // attacker, compromised, …
	DetailedRoles      []string `json:"detailedRoles,omitempty"`
	Tags               []string `json:"tags,omitempty"`
	// DeviceID is the Defender for Endpoint id of the device this was seen on.
	DeviceID string `json:"deviceId,omitempty"`

	Device        *Device        `json:"device,omitempty"`
	User          *Account       `json:"user,omitempty"`
	File          *File          `json:"file,omitempty"`
	Process       *Process       `json:"process,omitempty"`
	IP            *IPAddress     `json:"ip,omitempty"`
	URL           *URL           `json:"url,omitempty"`
	Mailbox       *Mailbox       `json:"mailbox,omitempty"`
	Message       *Message       `json:"message,omitempty"`
	MailCluster   *MailCluster   `json:"mailCluster,omitempty"`
	Registry      *Registry      `json:"registry,omitempty"`
	SecurityGroup *SecurityGroup `json:"securityGroup,omitempty"`

	Extra map[string]json.RawMessage `json:"extra,omitempty"` // see Incident.Extra
	Raw   json.RawMessage            `json:"-"`
}

// Device is a machine.
type Device struct {
	ID          string    `json:"mdeDeviceId,omitempty"` // Defender for Endpoint, 40 hex digits
	EntraID     string    `json:"entraDeviceId,omitempty"`
	DNSName     string    `json:"deviceDnsName,omitempty"`
	Host        string    `json:"hostName,omitempty"`
	DNSDomain   string    `json:"dnsDomain,omitempty"`
	NTDomain    string    `json:"ntDomain,omitempty"`
	OSPlatform  string    `json:"osPlatform,omitempty"`
	OSVersion   string    `json:"osVersion,omitempty"`
	OSProcessor string    `json:"osProcessor,omitempty"`
	OSBuild     int64     `json:"osBuild,omitempty"`
	Health      string    `json:"healthStatus,omitempty"`
	Risk        string    `json:"riskScore,omitempty"`
	Antivirus   string    `json:"defenderAvStatus,omitempty"`
	Onboarding  string    `json:"onboardingStatus,omitempty"`
	RBACGroup   string    `json:"rbacGroupName,omitempty"`
	RBACGroupID int64     `json:"rbacGroupId,omitempty"`
	FirstSeen   time.Time `json:"firstSeen,omitzero"`
	LastIP      string    `json:"lastIpAddress,omitempty"`
	ExternalIP  string    `json:"lastExternalIpAddress,omitempty"`
	IPs         []string  `json:"ipInterfaces,omitempty"`
	LoggedOn    []Account `json:"loggedOnUsers,omitempty"`
}

// Account is a person's or a service's account.
type Account struct {
	Name        string `json:"accountName,omitempty"`
	Domain      string `json:"domainName,omitempty"`
	SID         string `json:"userSid,omitempty"`
	EntraID     string `json:"entraUserId,omitempty"`
	UPN         string `json:"userPrincipalName,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	ADObjectID  string `json:"activeDirectoryObjectGuid,omitempty"`
	TenantID    string `json:"tenantId,omitempty"`
}

// File is a file by name, place and hashes.
type File struct {
	Name      string `json:"fileName,omitempty"`
	Path      string `json:"filePath,omitempty"`
	SHA1      string `json:"sha1,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
	MD5       string `json:"md5,omitempty"`
	Size      int64  `json:"fileSize,omitempty"` // bytes; 0 also means not told
	Publisher string `json:"filePublisher,omitempty"`
	Signer    string `json:"signer,omitempty"`
	Issuer    string `json:"issuer,omitempty"`
}

// Process is a started program.
type Process struct {
	ID            int64     `json:"processId,omitempty"`
	CommandLine   string    `json:"processCommandLine,omitempty"`
	Created       time.Time `json:"created,omitzero"`
	Image         *File     `json:"imageFile,omitempty"`
	ParentID      int64     `json:"parentProcessId,omitempty"`
	ParentCreated time.Time `json:"parentCreated,omitzero"`
	ParentImage   *File     `json:"parentImageFile,omitempty"`
	Account       *Account  `json:"userAccount,omitempty"`
}

// IPAddress is an address, with its place when Microsoft tells it.
type IPAddress struct {
	Address     string `json:"ipAddress"`
	CountryCode string `json:"countryLetterCode,omitempty"`
}

// URL is a web address, as written (it may lack a scheme).
type URL struct {
	Address string `json:"url"`
}

// Mailbox is a mailbox.
type Mailbox struct {
	Address     string   `json:"primaryAddress,omitempty"`
	DisplayName string   `json:"displayName,omitempty"`
	UPN         string   `json:"upn,omitempty"`
	Account     *Account `json:"userAccount,omitempty"`
}

// Message is one mail.
type Message struct {
	NetworkMessageID  string    `json:"networkMessageId,omitempty"`
	InternetMessageID string    `json:"internetMessageId,omitempty"`
	Sender            string    `json:"sender,omitempty"`   // the address people see (P2)
	SenderP1          string    `json:"senderP1,omitempty"` // the address of the envelope
	SenderName        string    `json:"senderName,omitempty"`
	SenderIP          string    `json:"senderIp,omitempty"`
	Recipient         string    `json:"recipient,omitempty"`
	Subject           string    `json:"subject,omitempty"`
	Received          time.Time `json:"received,omitzero"`
	Direction         string    `json:"antiSpamDirection,omitempty"`
	DeliveryAction    string    `json:"deliveryAction,omitempty"`
	DeliveryLocation  string    `json:"deliveryLocation,omitempty"`
	URLs              []string  `json:"urls,omitempty"`
	Threats           []string  `json:"threats,omitempty"`
	Detections        []string  `json:"threatDetectionMethods,omitempty"`
	Attachments       int64     `json:"attachmentsCount,omitempty"`
	Links             int64     `json:"urlCount,omitempty"`
}

// MailCluster is a set of alike mails.
type MailCluster struct {
	By     string   `json:"clusterBy,omitempty"`
	Value  string   `json:"clusterByValue,omitempty"`
	Mails  int64    `json:"emailCount,omitempty"`
	Query  string   `json:"query,omitempty"`
	IDs    []string `json:"networkMessageIds,omitempty"`
	Sender string   `json:"sender,omitempty"` // xdr only
}

// Registry is a key of the Windows registry, or a value in one.
type Registry struct {
	Hive      string `json:"registryHive,omitempty"`
	Key       string `json:"registryKey,omitempty"`
	ValueName string `json:"registryValueName,omitempty"`
	ValueType string `json:"registryValueType,omitempty"`
	Value     string `json:"registryValue,omitempty"`
}

// SecurityGroup is a group of accounts.
type SecurityGroup struct {
	ID          string `json:"securityGroupId,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	SID         string `json:"sid,omitempty"`
	ADObjectID  string `json:"activeDirectoryObjectGuid,omitempty"`
}
