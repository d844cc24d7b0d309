package filter

import "github.com/tenantry/tenantry/defender"

// Nobody is the word of --assigned-to for what is assigned to nobody. The
// services have no filter for it.
const Nobody = "none"

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

// Determinations of a classification; all of them for another, each once.
func Determinations(c defender.Classification) []defender.Determination {
	if of := defender.DeterminationsOf(c); of != nil {
		return of
	}
	var all []defender.Determination
	for _, c := range Classifications() {
		for _, d := range defender.DeterminationsOf(c) {
			if d != defender.DeterminationOther { // that of all three
				all = append(all, d)
			}
		}
	}
	return append(all, defender.DeterminationOther)
}
