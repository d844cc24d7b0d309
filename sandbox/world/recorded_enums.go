package world

// Spellings of enum values. Graph's are those of its metadata; the aliases are
// how the Defender XDR and Defender for Endpoint pages spell the same values.

func severityOf(s string) string {
	return enum(s, []string{"unknown", "informational", "low", "medium", "high"}, map[string]string{"unspecified": "unknown", "": "unknown"})
}

func incidentStatusOf(s string) string {
	return enum(s, []string{"active", "inProgress", "resolved", "redirected", "awaitingAction"}, map[string]string{"": "active", "new": "active"})
}

func alertStatusOf(s string) string {
	return enum(s, []string{"unknown", "new", "inProgress", "resolved"}, map[string]string{"active": "inProgress", "": "new"})
}

func classificationOf(s string) string {
	return enum(s, []string{"unknown", "falsePositive", "truePositive", "informationalExpectedActivity"}, map[string]string{"": "unknown"})
}

func determinationOf(s string) string {
	known := []string{
		"unknown", "apt", "malware", "securityPersonnel", "securityTesting", "unwantedSoftware", "other", "multiStagedAttack",
		"compromisedAccount", "phishing", "maliciousUserActivity", "notMalicious", "notEnoughDataToValidate", "confirmedActivity", "lineOfBusinessApplication",
	}
	return enum(s, known, map[string]string{
		"": "unknown", "notavailable": "unknown", "compromiseduser": "compromisedAccount", "confirmeduseractivity": "confirmedActivity",
		"insufficientdata": "notEnoughDataToValidate", "noenoughdatatovalidate": "notEnoughDataToValidate", "clean": "notMalicious",
	})
}

func serviceSourceOf(s string) string {
	known := []string{
		"unknown", "microsoftDefenderForEndpoint", "microsoftDefenderForIdentity", "microsoftDefenderForCloudApps", "microsoftDefenderForOffice365",
		"microsoft365Defender", "azureAdIdentityProtection", "microsoftAppGovernance", "dataLossPrevention", "microsoftDefenderForCloud", "microsoftSentinel",
		"microsoftInsiderRiskManagement", "microsoftThreatIntelligence",
	}
	return enum(s, known, map[string]string{
		"microsoftdefenderatp": "microsoftDefenderForEndpoint", "azureatp": "microsoftDefenderForIdentity",
		"microsoftcloudappsecurity": "microsoftDefenderForCloudApps", "officeatp": "microsoftDefenderForOffice365",
		"microsoftthreatprotection": "microsoft365Defender", "aadidentityprotection": "azureAdIdentityProtection",
	})
}

func detectionSourceOf(s string) string {
	known := []string{
		"unknown", "microsoftDefenderForEndpoint", "antivirus", "smartScreen", "customTi", "microsoftDefenderForOffice365", "automatedInvestigation",
		"microsoftThreatExperts", "customDetection", "microsoftDefenderForIdentity", "cloudAppSecurity", "microsoft365Defender", "azureAdIdentityProtection",
		"manual", "microsoftDataLossPrevention", "appGovernancePolicy", "appGovernanceDetection",
	}
	return enum(s, known, map[string]string{
		"mcas": "cloudAppSecurity", "windowsdefenderav": "antivirus", "windowsdefenderatp": "microsoftDefenderForEndpoint",
		"officeatp": "microsoftDefenderForOffice365", "azureatp": "microsoftDefenderForIdentity", "mtp": "microsoft365Defender",
	})
}

func investigationStateOf(s string) string {
	return enum(s, []string{
		"unknown", "terminated", "successfullyRemediated", "benign", "failed", "partiallyRemediated", "running", "pendingApproval", "pendingResource",
		"queued", "innerFailure", "preexistingAlert", "unsupportedOs", "unsupportedAlertType", "suppressedAlert", "partiallyInvestigated", "terminatedByUser", "terminatedBySystem",
	}, nil)
}
