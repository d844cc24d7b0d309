package mdeapi

import (
	"net/netip"
	"net/url"
	"strings"
)

// validValue holds an indicator's value against its type. Codes and messages
// are those of the error page; the forms of hashes are those of the algorithms
// (a certificate's thumbprint is a SHA-1), and the form of host names is RFC
// 1123's with at least two labels.
func validValue(kind, value string) *apiError {
	switch kind {
	case "FileSha1", "CertificateThumbprint":
		return validHash(value, 40)
	case "FileSha256":
		return validHash(value, 64)
	case "FileMd5":
		return validHash(value, 32)
	case "IpAddress":
		// "CIDR notation for IPs isn't supported."
		if a, err := netip.ParseAddr(value); err != nil || a.Zone() != "" {
			return badRequest("InvalidIpAddress", "IP address "+value+" is invalid.")
		}
	case "DomainName":
		if !isHostName(value) {
			return badRequest("InvalidDomainName", "Domain name "+value+" is invalid.")
		}
	case "Url":
		if !isURL(value) {
			return badRequest("InvalidUrl", "URL "+value+" is invalid.")
		}
	}
	return nil
}

func validHash(value string, digits int) *apiError {
	hex := func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F' }
	if len(value) != digits || strings.ContainsFunc(value, func(r rune) bool { return !hex(r) }) {
		return badRequest("InvalidHashValue", "Hash value "+value+" is invalid.")
	}
	return nil
}

func isHostName(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
				return false
			}
		}
	}
	return true
}

// isURL accepts http and https, and the same without scheme, which the portal
// shows URLs in.
func isURL(s string) bool {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return true
	}
	return isHostName(u.Hostname())
}
