package main

import (
	"regexp"
	"strings"
)

var word = regexp.MustCompile(`[A-Z]?[a-z]+[0-9]*[a-z]*|[A-Z]+`)

// spellings are words that Go writes in capitals, or otherwise than with one.
var spellings = map[string]string{
	"aad": "AAD", "ad": "AD", "ai": "AI", "av": "AV", "dns": "DNS", "etag": "ETag", "id": "ID", "ids": "IDs", "ip": "IP", "ips": "IPs", "mac": "MAC",
	"mdatp": "MDATP", "mde": "MDE", "md5": "MD5", "nic": "NIC", "nics": "NICs", "nt": "NT", "oauth": "OAuth", "os": "OS", "rbac": "RBAC",
	"saas": "SaaS", "sas": "SAS", "sha1": "SHA1", "sha256": "SHA256", "sha256ac": "SHA256AC", "sid": "SID", "upn": "UPN", "uri": "URI",
	"url": "URL", "urls": "URLs", "urn": "URN", "utc": "UTC", "vlans": "VLANs", "vm": "VM",
}

// whole are names that the rule would take apart wrongly.
var whole = strings.NewReplacer("ioT", "Iot", "IPs", "Ips", "sha256Ac", "sha256ac")

// exact are names that another field or method of the same type would be confused with.
var exact = map[string]string{"DeviceId": "CapitalDeviceID", "type": "ControllerType"}

// goName is the Go name of a property or type: "azureAdDeviceId" is "AzureADDeviceID".
func goName(name string) string {
	if name, ok := exact[name]; ok {
		return name
	}
	var b strings.Builder
	for _, w := range word.FindAllString(whole.Replace(name), -1) {
		switch spelled, ok := spellings[strings.ToLower(w)]; {
		case ok:
			b.WriteString(spelled)
		case w == "Iot":
			b.WriteString("IoT")
		default:
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	return b.String()
}
