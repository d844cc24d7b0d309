package xdrapi

import "slices"

// Evolvable enums of Graph. A member after unknownFutureValue is only told to
// a client that sends Prefer: include-unknown-enum-members; others read
// unknownFutureValue ("Best practices for working with Microsoft Graph",
// Handling future members in evolvable enumerations). Only the enums that have
// such members are listed with all of them; Source: the v1.0 metadata.
const unknownFuture = "unknownFutureValue"

func incidentStatuses() []string {
	return []string{"active", "resolved", "inProgress", "redirected", unknownFuture, "awaitingAction"}
}

func severities() []string {
	return []string{"unknown", "informational", "low", "medium", "high", unknownFuture}
}

func classifications() []string {
	return []string{"unknown", "falsePositive", "truePositive", "informationalExpectedActivity", unknownFuture}
}

func determinations() []string {
	return []string{
		"unknown", "apt", "malware", "securityPersonnel", "securityTesting", "unwantedSoftware", "other",
		"multiStagedAttack", "compromisedAccount", "phishing", "maliciousUserActivity", "notMalicious",
		"notEnoughDataToValidate", "confirmedActivity", "lineOfBusinessApplication", unknownFuture,
	}
}

func alertStatuses() []string {
	return []string{"unknown", "new", "inProgress", "resolved", unknownFuture}
}

func serviceSources() []string {
	return append([]string{
		"unknown", "microsoftDefenderForEndpoint", "microsoftDefenderForIdentity", "microsoftDefenderForCloudApps",
		"microsoftDefenderForOffice365", "microsoft365Defender", "azureAdIdentityProtection", "microsoftAppGovernance",
		"dataLossPrevention", unknownFuture,
	}, laterServiceSources()...)
}

func laterServiceSources() []string {
	return []string{
		"microsoftDefenderForCloud", "microsoftSentinel", "microsoftInsiderRiskManagement",
		"microsoftThreatIntelligence", "microsoftSecurityForAI",
	}
}

func laterDetectionSources() []string {
	return []string{
		"microsoftDefenderForCloud", "microsoftDefenderForIoT", "microsoftDefenderForServers",
		"microsoftDefenderForStorage", "microsoftDefenderForDNS", "microsoftDefenderForDatabases",
		"microsoftDefenderForContainers", "microsoftDefenderForNetwork", "microsoftDefenderForAppService",
		"microsoftDefenderForKeyVault", "microsoftDefenderForResourceManager", "microsoftDefenderForApiManagement",
		"nrtAlerts", "scheduledAlerts", "microsoftDefenderThreatIntelligenceAnalytics", "builtInMl",
		"microsoftInsiderRiskManagement", "microsoftThreatIntelligence", "microsoftDefenderForAIServices",
		"securityCopilot", "microsoftSentinel",
	}
}

func laterRemediations() []string {
	return []string{"active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated"}
}

func laterIncidentStatuses() []string { return []string{"awaitingAction"} }

// teller writes the enums of one answer.
type teller struct {
	unknownMembers bool // the client asked for members after unknownFutureValue
	portal         string
	tenantID       string
}

// enum returns the member as this client may see it; the empty member is
// told as "unknown".
func (t teller) enum(member string, later []string) string {
	switch {
	case member == "":
		return "unknown"
	case !t.unknownMembers && slices.Contains(later, member):
		return unknownFuture
	}
	return member
}
