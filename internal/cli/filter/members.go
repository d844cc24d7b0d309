package filter

import "github.com/tenantry/tenantry/defender"

// The members that help and errors offer, in the order people think of them.

// Statuses of incidents.
func Statuses() []defender.Status {
	return []defender.Status{defender.StatusActive, defender.StatusInProgress, defender.StatusResolved, defender.StatusRedirected}
}

// AlertStatuses are those of alerts.
func AlertStatuses() []defender.AlertStatus {
	return []defender.AlertStatus{defender.AlertNew, defender.AlertInProgress, defender.AlertResolved}
}

// Severities of both.
func Severities() []defender.Severity {
	return []defender.Severity{defender.SeverityInformational, defender.SeverityLow, defender.SeverityMedium, defender.SeverityHigh}
}

// Classifications of both.
func Classifications() []defender.Classification {
	return []defender.Classification{defender.ClassificationTruePositive, defender.ClassificationExpected, defender.ClassificationFalsePositive}
}

// Determinations of a classification, as the page on updating incidents lists
// them (https://learn.microsoft.com/defender-xdr/api-update-incidents) in
// Graph's spelling; all of them for another classification.
func Determinations(c defender.Classification) []defender.Determination {
	positive := []defender.Determination{
		defender.DeterminationMultiStagedAttack, defender.DeterminationMaliciousUserActivity, defender.DeterminationCompromisedAccount,
		defender.DeterminationMalware, defender.DeterminationPhishing, defender.DeterminationUnwantedSoftware,
	}
	expected := []defender.Determination{
		defender.DeterminationSecurityTesting, defender.DeterminationLineOfBusiness, defender.DeterminationConfirmedActivity,
	}
	mistaken := []defender.Determination{defender.DeterminationNotMalicious, defender.DeterminationNotEnoughData}
	var list []defender.Determination
	switch c {
	case defender.ClassificationTruePositive:
		list = positive
	case defender.ClassificationExpected:
		list = expected
	case defender.ClassificationFalsePositive:
		list = mistaken
	default:
		list = append(append(positive, expected...), mistaken...)
	}
	return append(list, defender.DeterminationOther)
}
