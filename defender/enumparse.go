package defender

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
