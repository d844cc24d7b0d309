package xdrapi

import "strings"

// The world spells enum members as Graph does. This file turns them into the
// words of the Defender XDR API, which writes them in Pascal case and calls
// some of them otherwise.

// pascal is the plain case: inProgress → InProgress.
func pascal(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func named(names map[string]string, member string) string {
	if n, ok := names[member]; ok {
		return n
	}
	return pascal(member)
}

func xdrSeverity(s string) string {
	return named(map[string]string{"": "UnSpecified", "unknown": "UnSpecified"}, s)
}

func xdrClassification(s string) string {
	return named(map[string]string{"": "Unknown"}, s)
}

// xdrDetermination uses the spelling of the page "Update incident", which is
// the only one that lists the newer members ("NoEnoughDataToValidate" is
// Microsoft's spelling).
func xdrDetermination(s string) string {
	return named(map[string]string{
		"":                        "NotAvailable",
		"unknown":                 "NotAvailable",
		"notMalicious":            "Clean",
		"notEnoughDataToValidate": "NoEnoughDataToValidate",
	}, s)
}

// absentUnknown is for alerts, where the page's samples show null and not
// Unknown for what nobody has judged yet.
func absentUnknown(s string, name func(string) string) *string {
	if s == "" || s == "unknown" {
		return nil
	}
	n := name(s)
	return &n
}

// xdrServiceSource: the first three are in the page's samples, the others are
// ours (Graph's word in Pascal case, but for Identity, which the API's
// products have always called AzureATP).
func xdrServiceSource(s string) string {
	return named(map[string]string{
		"microsoftDefenderForEndpoint":  "MicrosoftDefenderATP",
		"microsoftDefenderForOffice365": "OfficeATP",
		"microsoftDefenderForCloudApps": "MicrosoftCloudAppSecurity",
		"microsoftDefenderForIdentity":  "AzureATP",
	}, s)
}

// xdrDetectionSource: MCAS, WindowsDefenderAv and OfficeATP are in the page's
// samples; WindowsDefenderAtp and the rest are ours.
func xdrDetectionSource(s string) string {
	return named(map[string]string{
		"cloudAppSecurity":              "MCAS",
		"antivirus":                     "WindowsDefenderAv",
		"microsoftDefenderForOffice365": "OfficeATP",
		"microsoftDefenderForEndpoint":  "WindowsDefenderAtp",
		"microsoftDefenderForIdentity":  "AzureATP",
		"smartScreen":                   "WindowsDefenderSmartScreen",
	}, s)
}
