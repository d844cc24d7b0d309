package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// WrongCloudError says that a tenant lives in another cloud than the one asked.
type WrongCloudError struct {
	Tenant TenantID // its id all the same
	Asked  string   // name of the cloud asked
	// Cloud is the name of the cloud to use, or several joined by " or ".
	Cloud string
}

func (e *WrongCloudError) Error() string {
	return fmt.Sprintf("tenant %s does not live in the cloud %s: %s", e.Tenant, e.Asked, e.Next())
}

// Next says which cloud to use.
func (e *WrongCloudError) Next() string { return "use the cloud " + e.Cloud }

// TenantNotFoundError says that the cloud knows no such tenant. Unwrap gives
// the refusal, an [*Error] with the code 90002 or a relative.
type TenantNotFoundError struct {
	Name  string // domain or id asked for
	Cloud string
	Err   *Error
}

func (e *TenantNotFoundError) Error() string {
	return fmt.Sprintf("no tenant %q in the cloud %s (AADSTS%d): %s", e.Name, e.Cloud, e.Err.Code, e.Next())
}

// Unwrap returns the refusal.
func (e *TenantNotFoundError) Unwrap() error { return e.Err }

// Next says what to check.
func (e *TenantNotFoundError) Next() string {
	if e.Cloud == "public" || e.Cloud == "usgov-gcc" {
		return "check the spelling; US government tenants (GCC High, DoD) are in the clouds usgov-high and usgov-dod"
	}
	return "check the spelling and the cloud"
}

// ResolveTenant asks public discovery (the tenant's v2 OpenID configuration; no
// credential is sent) for the id of a verified domain, or whether an id
// exists. Errors: [*ConfigError], [*TenantNotFoundError], [*WrongCloudError],
// [*Error], [*AnswerError], [*ConnectionError].
func ResolveTenant(ctx context.Context, hc *http.Client, cloud Cloud, domainOrID string) (TenantID, error) {
	if err := cloud.validate(); err != nil {
		return "", err
	}
	asked := strings.TrimSpace(domainOrID)
	if id, err := ParseTenantID(asked); err == nil {
		asked = string(id)
	} else if isGUID(asked) {
		return "", err
	} else if asked, err = ParseDomain(asked); err != nil {
		return "", err
	}
	a, err := get(ctx, plainClient(hc), cloud.Login+"/"+asked+"/v2.0/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		e := parseError(a.status, a.header, a.body, time.Now())
		switch e.Code {
		case 90002, 900021, 900023, 50128, 50059:
			return "", &TenantNotFoundError{Name: asked, Cloud: cloud.Name, Err: e}
		}
		return "", e
	}
	var doc struct {
		Issuer   text `json:"issuer"`
		Instance text `json:"cloud_instance_name"`
		SubScope text `json:"tenant_region_sub_scope"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		if looksLikeHTML(a.header, a.body) {
			return "", parseError(a.status, a.header, a.body, time.Now())
		}
		return "", &AnswerError{Host: a.host, Problem: "it is not an OpenID configuration"}
	}
	id, err := issuerTenant(string(doc.Issuer))
	if err != nil {
		return "", &AnswerError{Host: a.host, Problem: err.Error()}
	}
	if isGUID(asked) && string(id) != asked {
		return "", &AnswerError{Host: a.host, Problem: fmt.Sprintf("it is about tenant %s, asked was %s", id, asked)}
	}
	if want := rightCloud(cloud, string(doc.Instance), string(doc.SubScope)); want != "" {
		return id, &WrongCloudError{Tenant: id, Asked: cloud.Name, Cloud: want}
	}
	return id, nil
}

// issuerTenant takes the tenant id out of https://host/{tid}/v2.0.
func issuerTenant(issuer string) (TenantID, error) {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" {
		return "", errors.New("its issuer is not an https URL")
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	id, err := ParseTenantID(first)
	if err != nil {
		return "", errors.New("its issuer names no tenant")
	}
	return id, nil
}

// rightCloud names the cloud to use when it is not the one asked, else "".
// tenant_region_sub_scope is "GCC", "DODCON" (GCC High) or "DOD" for US
// government tenants.
func rightCloud(asked Cloud, instance, subScope string) string {
	if asked.Instance == "" || instance == "" {
		return ""
	}
	var want string
	switch {
	case strings.EqualFold(subScope, "DOD"):
		want = "usgov-dod"
	case strings.EqualFold(subScope, "DODCON"):
		want = "usgov-high"
	case strings.EqualFold(subScope, "GCC"):
		want = "usgov-gcc"
	case strings.EqualFold(instance, asked.Instance):
		return ""
	case strings.EqualFold(instance, "microsoftonline.us"):
		want = "usgov-high or usgov-dod"
	case strings.EqualFold(instance, "microsoftonline.com"):
		want = "public or usgov-gcc"
	default:
		want = "of " + clip(instance, 60) + ", which is not supported"
	}
	if want == asked.Name {
		return ""
	}
	return want
}
