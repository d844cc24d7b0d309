package defender

import "strings"

// Status is the state of an incident, spelled as Microsoft Graph spells it.
type Status string

// States of an incident.
const (
	StatusActive         Status = "active"
	StatusInProgress     Status = "inProgress"
	StatusResolved       Status = "resolved"
	StatusRedirected     Status = "redirected" // merged into another incident
	StatusAwaitingAction Status = "awaitingAction"
)

// AlertStatus is the state of an alert.
type AlertStatus string

// States of an alert.
const (
	AlertNew        AlertStatus = "new"
	AlertInProgress AlertStatus = "inProgress"
	AlertResolved   AlertStatus = "resolved"
)

// Severity is how grave an incident or alert is.
type Severity string

// Severities, the gravest last.
const (
	SeverityUnknown       Severity = "unknown"
	SeverityInformational Severity = "informational"
	SeverityLow           Severity = "low"
	SeverityMedium        Severity = "medium"
	SeverityHigh          Severity = "high"
)

// Rank orders severities: 0 for unknown and values not known, 4 for high.
func (s Severity) Rank() int {
	switch s {
	case SeverityInformational:
		return 1
	case SeverityLow:
		return 2
	case SeverityMedium:
		return 3
	case SeverityHigh:
		return 4
	}
	return 0
}

// Classification is what people decided an incident or alert to be.
type Classification string

// Classifications.
const (
	ClassificationUnknown       Classification = "unknown"
	ClassificationFalsePositive Classification = "falsePositive"
	ClassificationTruePositive  Classification = "truePositive"
	ClassificationExpected      Classification = "informationalExpectedActivity"
)

// Determination is the reason of a classification.
type Determination string

// Determinations, spelled as Microsoft Graph spells them.
const (
	DeterminationUnknown               Determination = "unknown"
	DeterminationMalware               Determination = "malware"
	DeterminationMultiStagedAttack     Determination = "multiStagedAttack"
	DeterminationCompromisedAccount    Determination = "compromisedAccount"
	DeterminationPhishing              Determination = "phishing"
	DeterminationMaliciousUserActivity Determination = "maliciousUserActivity"
	DeterminationUnwantedSoftware      Determination = "unwantedSoftware"
	DeterminationSecurityTesting       Determination = "securityTesting"
	DeterminationLineOfBusiness        Determination = "lineOfBusinessApplication"
	DeterminationConfirmedActivity     Determination = "confirmedActivity"
	DeterminationNotMalicious          Determination = "notMalicious"
	DeterminationNotEnoughData         Determination = "notEnoughDataToValidate"
	DeterminationOther                 Determination = "other"
)

// ParseStatus reads an incident state in any surface's spelling and letter case.
func ParseStatus(s string) (Status, bool) {
	v, ok := enumIncidentStatus.read(s)
	return Status(v), ok
}

// ParseSeverity reads a severity in any surface's spelling and letter case.
func ParseSeverity(s string) (Severity, bool) {
	v, ok := enumSeverity.read(s)
	return Severity(v), ok
}

// ParseAlertStatus reads an alert's state in any surface's spelling and letter case.
func ParseAlertStatus(s string) (AlertStatus, bool) {
	v, ok := enumAlertStatus.read(s)
	return AlertStatus(v), ok
}

// ParseClassification reads a classification in any surface's spelling and letter case.
func ParseClassification(s string) (Classification, bool) {
	v, ok := enumClassification.read(s)
	return Classification(v), ok
}

// ParseDetermination reads a determination in any surface's spelling and letter case.
func ParseDetermination(s string) (Determination, bool) {
	v, ok := enumDetermination.read(s)
	return Determination(v), ok
}

// ParseServiceSource reads the name of the product that an alert comes from, in
// any surface's spelling and letter case.
func ParseServiceSource(s string) (string, bool) { return enumServiceSource.read(s) }

// enum is the members of one enumeration of Microsoft Graph v1.0's security
// namespace, separated by spaces. "XDR=graph" adds the other surface's
// spelling of a member. Values are constants, so that nothing can change them.
type enum string

// canonical is the Graph spelling of value, as a part of the table so that equal
// values share their memory; a value that is no member is returned as it came,
// since Microsoft adds members without notice.
func (e enum) canonical(value string) string {
	if member := e.exact(value); member != "" || value == "" {
		return member
	}
	// The xdr surface begins with a capital letter what Graph does not.
	if c := value[0]; 'A' <= c && c <= 'Z' && len(value) <= 64 {
		var lowered [64]byte
		n := copy(lowered[:], value)
		lowered[0] |= ' '
		if member := e.exact(string(lowered[:n])); member != "" {
			return member
		}
	}
	v, _ := e.read(value)
	return v
}

// exact finds a member that is spelled as Graph does; "" if there is none.
func (e enum) exact(value string) string {
	table := string(e)
	for from := 0; value != "" && !strings.Contains(value, " "); {
		at := strings.Index(table[from:], value)
		if at < 0 {
			break
		}
		start, end := from+at, from+at+len(value)
		if (start == 0 || table[start-1] == ' ') && (end == len(table) || table[end] == ' ') {
			return table[start:end]
		}
		from = end
	}
	return ""
}

// has tells whether value is a member in Graph's spelling.
func (e enum) has(value string) bool { return e.exact(value) != "" }

func (e enum) read(value string) (string, bool) {
	for rest := string(e); rest != "" && value != ""; {
		member, after, _ := strings.Cut(rest, " ")
		rest = after
		// Most members begin with another letter.
		if member[0]|' ' != value[0]|' ' {
			continue
		}
		spelling, canonical, alias := strings.Cut(member, "=")
		if !strings.EqualFold(spelling, value) {
			continue
		}
		if alias {
			return canonical, true
		}
		return spelling, true
	}
	return value, false
}

// Members are those of the metadata (enum_gen.go); other surface's spellings from
// https://learn.microsoft.com/defender-xdr/api-incident, api-update-incidents
// and https://learn.microsoft.com/defender-endpoint/api/alerts.
const (
	enumIncidentStatus = membersIncidentStatus

	enumAlertStatus = membersAlertStatus + " Active=inProgress"

	enumSeverity = membersAlertSeverity + " UnSpecified=unknown"

	enumClassification = membersAlertClassification + " NotAvailable=unknown NotSet=unknown"

	enumDetermination = membersAlertDetermination +
		" NotAvailable=unknown NotSet=unknown CompromisedUser=compromisedAccount" +
		" ConfirmedUserActivity=confirmedActivity InsufficientData=notEnoughDataToValidate" +
		" NoEnoughDataToValidate=notEnoughDataToValidate Clean=notMalicious"

	enumInvestigation = membersInvestigationState

	enumServiceSource = membersServiceSource +
		" MicrosoftDefenderATP=microsoftDefenderForEndpoint MicrosoftCloudAppSecurity=microsoftDefenderForCloudApps" +
		" OfficeATP=microsoftDefenderForOffice365 AzureATP=microsoftDefenderForIdentity"

	enumDetectionSource = membersDetectionSource +
		" MCAS=cloudAppSecurity WindowsDefenderAv=antivirus WindowsDefenderAtp=microsoftDefenderForEndpoint" +
		" OfficeATP=microsoftDefenderForOffice365 WindowsDefenderSmartScreen=smartScreen AzureATP=microsoftDefenderForIdentity"
)
