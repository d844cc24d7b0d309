package entra

import (
	"strings"
)

// TenantID is a directory (tenant) id: a lower-case GUID. Make one with
// [ParseTenantID]; functions of this package check it again before it becomes
// part of a URL, so that a hand-made value cannot change the host or path.
type TenantID string

const emptyGUID = "00000000-0000-0000-0000-000000000000"

// ParseTenantID accepts a GUID in any case, with or without braces and
// surrounding space, and returns it in lower case. It accepts neither the
// empty GUID nor a domain; [ResolveTenant] turns a domain into an id.
func ParseTenantID(s string) (TenantID, error) {
	id, problem := parseGUID(s)
	if problem != "" {
		remedy := "use the directory (tenant) id, a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47"
		if _, err := ParseDomain(s); err == nil {
			remedy = "resolve the domain to its tenant id first"
		}
		return "", &ConfigError{Field: "tenant", Value: s, Problem: problem, Remedy: remedy}
	}
	return TenantID(id), nil
}

// parseClientID is ParseTenantID for application ids.
func parseClientID(s string) (string, error) {
	id, problem := parseGUID(s)
	if problem != "" {
		return "", &ConfigError{
			Field: "client id", Value: s, Problem: problem,
			Remedy: "use the application (client) id from the app registration's overview page",
		}
	}
	return id, nil
}

func parseGUID(s string) (id, problem string) {
	s = strings.TrimSpace(s)
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	switch {
	case s == "":
		return "", "is empty"
	case !isGUID(s):
		return "", "is not a GUID"
	case s == emptyGUID:
		return "", "is the empty GUID"
	}
	return strings.ToLower(s), ""
}

// validate is the last check before a URL is built.
func (t TenantID) validate() error {
	parsed, err := ParseTenantID(string(t))
	if err != nil {
		return err
	}
	if parsed != t {
		return &ConfigError{Field: "tenant", Value: string(t), Problem: "is not in plain form", Remedy: "use ParseTenantID"}
	}
	return nil
}

// isGUID reports whether s is 8-4-4-4-12 hexadecimal digits.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

// ParseDomain accepts a DNS name with at least two labels, as a verified or
// onmicrosoft.com domain is, and returns it in lower case without a final dot.
// An internationalised name must be given in its "xn--" form.
func ParseDomain(s string) (string, error) {
	bad := func(problem string) (string, error) {
		return "", &ConfigError{
			Field: "domain", Value: s, Problem: problem,
			Remedy: "use a domain of the customer's tenant, such as contoso.com or contoso.onmicrosoft.com",
		}
	}
	d := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
	switch {
	case d == "":
		return bad("is empty")
	case strings.Contains(d, "://"):
		return bad("is a URL")
	case strings.Contains(d, "@"):
		return bad("is a mail address or user name")
	case len(d) > 253:
		return bad("is longer than 253 characters")
	case !strings.Contains(d, "."):
		return bad("has no dot")
	}
	labels := strings.Split(d, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return bad("has an empty, overlong or hyphen-edged label")
		}
		for i := range len(l) {
			c := l[i]
			if c >= 0x80 {
				return bad("has letters outside ASCII: write its xn-- form")
			}
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return bad("has a character that no domain has")
			}
		}
	}
	if top := labels[len(labels)-1]; strings.Trim(top, "0123456789") == "" {
		return bad("is an IP address or number")
	}
	return d, nil
}
