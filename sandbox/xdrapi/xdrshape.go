package xdrapi

import "github.com/tenantry/tenantry/sandbox/world"

// The wire types of the page "List incidents": these keys, all of them always
// there, null when there is nothing to tell.

type xdrIncident struct {
	IncidentID         int64        `json:"incidentId"`
	RedirectIncidentID *int64       `json:"redirectIncidentId"`
	IncidentName       string       `json:"incidentName"`
	CreatedTime        *string      `json:"createdTime"`
	LastUpdateTime     *string      `json:"lastUpdateTime"`
	AssignedTo         *string      `json:"assignedTo"`
	Classification     string       `json:"classification"`
	Determination      string       `json:"determination"`
	DetectionSource    *string      `json:"detectionSource"`
	Status             string       `json:"status"`
	Severity           string       `json:"severity"`
	Tags               []string     `json:"tags"`
	Comments           []xdrComment `json:"comments"`
	Alerts             []any        `json:"alerts"`
}

type xdrComment struct {
	Comment     string  `json:"comment"`
	CreatedBy   string  `json:"createdBy"`
	CreatedTime *string `json:"createdTime"`
}

type xdrAlert struct {
	AlertID            string   `json:"alertId"`
	IncidentID         int64    `json:"incidentId"`
	ServiceSource      string   `json:"serviceSource"`
	CreationTime       *string  `json:"creationTime"`
	LastUpdatedTime    *string  `json:"lastUpdatedTime"`
	ResolvedTime       *string  `json:"resolvedTime"`
	FirstActivity      *string  `json:"firstActivity"`
	LastActivity       *string  `json:"lastActivity"`
	Title              string   `json:"title"`
	Description        string   `json:"description"`
	Category           string   `json:"category"`
	Status             string   `json:"status"`
	Severity           string   `json:"severity"`
	InvestigationID    *int64   `json:"investigationId"`
	InvestigationState *string  `json:"investigationState"`
	Classification     *string  `json:"classification"`
	Determination      *string  `json:"determination"`
	DetectionSource    string   `json:"detectionSource"`
	AssignedTo         *string  `json:"assignedTo"`
	ActorName          *string  `json:"actorName"`
	ThreatFamilyName   *string  `json:"threatFamilyName"`
	MitreTechniques    []string `json:"mitreTechniques"`
	Devices            []any    `json:"devices"`
	Entities           []any    `json:"entities"`
}

type xdrDevice struct {
	MDATPDeviceID string  `json:"mdatpDeviceId"`
	AADDeviceID   *string `json:"aadDeviceId"`
	DeviceDNSName string  `json:"deviceDnsName"`
	OSPlatform    string  `json:"osPlatform"`
	Version       string  `json:"version"`
	OSProcessor   *string `json:"osProcessor"`
	OSBuild       *int64  `json:"osBuild"`
	HealthStatus  string  `json:"healthStatus"`
	RiskScore     string  `json:"riskScore"`
	RBACGroupName *string `json:"rbacGroupName"`
	RBACGroupID   int32   `json:"rbacGroupId"`
	FirstSeen     *string `json:"firstSeen"`
}

type xdrEntity struct {
	EntityType                string  `json:"entityType"`
	SHA1                      *string `json:"sha1"`
	SHA256                    *string `json:"sha256"`
	FileName                  *string `json:"fileName"`
	FilePath                  *string `json:"filePath"`
	ProcessID                 *int64  `json:"processId"`
	ProcessCommandLine        *string `json:"processCommandLine"`
	ProcessCreationTime       *string `json:"processCreationTime"`
	ParentProcessID           *int64  `json:"parentProcessId"`
	ParentProcessCreationTime *string `json:"parentProcessCreationTime"`
	IPAddress                 *string `json:"ipAddress"`
	URL                       *string `json:"url"`
	AccountName               *string `json:"accountName"`
	DomainName                *string `json:"domainName"`
	UserSID                   *string `json:"userSid"`
	AADUserID                 *string `json:"aadUserId"`
	UserPrincipalName         *string `json:"userPrincipalName"`
	MailboxDisplayName        *string `json:"mailboxDisplayName"`
	MailboxAddress            *string `json:"mailboxAddress"`
	ClusterBy                 *string `json:"clusterBy"`
	Sender                    *string `json:"sender"`
	Recipient                 *string `json:"recipient"`
	Subject                   *string `json:"subject"`
	DeliveryAction            *string `json:"deliveryAction"`
	SecurityGroupID           *string `json:"securityGroupId"`
	SecurityGroupName         *string `json:"securityGroupName"`
	RegistryHive              *string `json:"registryHive"`
	RegistryKey               *string `json:"registryKey"`
	RegistryValueType         *string `json:"registryValueType"`
	RegistryValue             *string `json:"registryValue"`
	DeviceID                  *string `json:"deviceId"`
}

func toXDR(in *world.Incident) xdrIncident {
	out := xdrIncident{
		IncidentID:         in.ID,
		RedirectIncidentID: number(in.RedirectTo),
		IncidentName:       in.Name,
		CreatedTime:        stamp(in.Created),
		LastUpdateTime:     stamp(in.LastUpdate),
		AssignedTo:         text(in.AssignedTo),
		Classification:     xdrClassification(in.Classification),
		Determination:      xdrDetermination(in.Determination),
		Status:             pascal(in.Status),
		Severity:           xdrSeverity(in.Severity),
		Tags:               list(in.Tags), // custom tags only, system tags are Graph's
		Comments:           []xdrComment{},
		Alerts:             make([]any, 0, len(in.Alerts)),
	}
	for _, c := range in.Comments {
		out.Comments = append(out.Comments, xdrComment{c.Text, c.By, stamp(c.Created)})
	}
	for _, a := range in.Alerts {
		out.Alerts = append(out.Alerts, withExtra(toXDRAlert(in.ID, a), a.Extra, a.ExtraSurface, world.SurfaceXDR))
	}
	if len(in.Alerts) > 0 {
		out.DetectionSource = text(xdrDetectionSource(in.Alerts[0].DetectionSource))
	}
	return out
}

func toXDRAlert(incident int64, a *world.Alert) xdrAlert {
	out := xdrAlert{
		AlertID:            a.ID,
		IncidentID:         incident,
		ServiceSource:      xdrServiceSource(a.ServiceSource),
		CreationTime:       stamp(a.Created),
		LastUpdatedTime:    stamp(a.LastUpdate),
		ResolvedTime:       stamp(a.Resolved),
		FirstActivity:      stamp(a.FirstActivity),
		LastActivity:       stamp(a.LastActivity),
		Title:              a.Title,
		Description:        a.Description,
		Category:           a.Category,
		Status:             pascal(a.Status),
		Severity:           xdrSeverity(a.Severity),
		InvestigationID:    number(a.InvestigationID),
		InvestigationState: text(pascal(a.InvestigationState)),
		Classification:     absentUnknown(a.Classification, xdrClassification),
		Determination:      absentUnknown(a.Determination, xdrDetermination),
		DetectionSource:    xdrDetectionSource(a.DetectionSource),
		AssignedTo:         text(a.AssignedTo),
		ActorName:          text(a.Actor),
		ThreatFamilyName:   text(a.ThreatFamily),
		MitreTechniques:    list(a.Techniques),
		Devices:            []any{},
		Entities:           []any{},
	}
	for _, e := range a.Entities {
		switch e.Kind {
		case world.EntityDevice:
			out.Devices = append(out.Devices, withExtra(toXDRDevice(e.Device), e.Extra, a.ExtraSurface, world.SurfaceXDR))
		case world.EntityOther: // a recording's own, which only its surface can tell
			if a.ExtraSurface == world.SurfaceXDR {
				out.Entities = append(out.Entities, e.Extra)
			}
		default:
			if xdrEntityType(e.Kind) == "" {
				continue
			}
			out.Entities = append(out.Entities, withExtra(toXDREntity(e), e.Extra, a.ExtraSurface, world.SurfaceXDR))
		}
	}
	return out
}

func toXDRDevice(d *world.Device) xdrDevice {
	return xdrDevice{
		MDATPDeviceID: d.MDEID,
		AADDeviceID:   text(d.EntraID),
		DeviceDNSName: d.DNSName(),
		OSPlatform:    d.OSPlatform,
		Version:       d.OSVersion,
		OSProcessor:   text(d.OSProcessor),
		OSBuild:       number(d.OSBuild),
		HealthStatus:  pascal(d.Health),
		RiskScore:     pascal(d.Risk),
		RBACGroupName: text(d.RBACGroup),
		RBACGroupID:   d.RBACGroupID,
		FirstSeen:     stamp(d.FirstSeen),
	}
}

// xdrEntityType is the word of the page for a kind of entity; empty for what the
// API has no keys for: a device, which has a list of its own, and applications,
// of which only Graph tells.
func xdrEntityType(k world.EntityKind) string {
	switch k {
	case world.EntityUser:
		return "User"
	case world.EntityFile:
		return "File"
	case world.EntityProcess:
		return "Process"
	case world.EntityIP:
		return "Ip"
	case world.EntityURL:
		return "Url"
	case world.EntityMailbox:
		return "MailBox"
	case world.EntityMail:
		return "MailMessage"
	case world.EntityMailCluster:
		return "MailCluster"
	case world.EntitySecurityGroup: // not in the page's list, seen in its answers
		return "SecurityGroup"
	case world.EntityRegistry:
		return "Registry"
	}
	return ""
}

func toXDREntity(e world.Entity) xdrEntity {
	out := xdrEntity{EntityType: xdrEntityType(e.Kind)}
	switch e.Kind {
	case world.EntityUser:
		out.account(e.Account)
	case world.EntityFile:
		out.file(*e.File)
		out.DeviceID = text(e.File.DeviceMDEID)
	case world.EntityProcess:
		p := e.Process
		out.file(p.Image)
		out.account(p.Account)
		out.ProcessID = number(p.ID)
		out.ProcessCommandLine = text(p.CommandLine)
		out.ProcessCreationTime = stamp(p.Started)
		out.ParentProcessID = number(p.ParentID)
		out.ParentProcessCreationTime = stamp(p.ParentStarted)
		out.DeviceID = text(p.DeviceMDEID)
	case world.EntityIP:
		out.IPAddress = text(e.IP)
	case world.EntityURL:
		out.URL = text(e.URL)
	case world.EntityMailbox:
		out.account(e.Mailbox)
		out.MailboxDisplayName = text(e.Mailbox.Display)
		out.MailboxAddress = text(e.Mailbox.UPN)
	case world.EntityMail:
		out.Sender = text(e.Mail.Sender)
		out.Recipient = text(e.Mail.Recipient)
		out.Subject = text(e.Mail.Subject)
		out.DeliveryAction = text(e.Mail.DeliveryAction)
	case world.EntityMailCluster:
		out.ClusterBy = text(e.Cluster.By)
	case world.EntitySecurityGroup:
		out.SecurityGroupID = text(e.Group.ID)
		out.SecurityGroupName = text(e.Group.Name)
	case world.EntityRegistry:
		out.RegistryHive = text(e.Registry.Hive)
		out.RegistryKey = text(e.Registry.Key)
		out.RegistryValueType = text(e.Registry.ValueType)
		out.RegistryValue = text(e.Registry.Value)
		out.DeviceID = text(e.Registry.DeviceMDEID)
	}
	return out
}

func (x *xdrEntity) file(f world.File) {
	x.SHA1, x.SHA256 = text(f.SHA1), text(f.SHA256)
	x.FileName, x.FilePath = text(f.Name), text(f.Path)
}

func (x *xdrEntity) account(a *world.Account) {
	if a == nil {
		return
	}
	x.AccountName, x.DomainName = text(a.Name), text(a.Domain)
	x.UserSID, x.AADUserID = text(a.SID), text(a.EntraID)
	x.UserPrincipalName = text(a.UPN)
}
