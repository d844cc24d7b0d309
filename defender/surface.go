package defender

import (
	"fmt"
	"slices"
	"strings"
)

// Surface names the Microsoft service that answers.
type Surface string

// The surfaces. Incidents are told by the first two.
const (
	SurfaceGraph Surface = "graph" // Microsoft Graph security
	SurfaceXDR   Surface = "xdr"   // Microsoft Defender XDR API, api.security.microsoft.com
	SurfaceMDE   Surface = "mde"   // Microsoft Defender for Endpoint: machines, their actions, indicators
)

// Surfaces lists the surfaces that tell of incidents, the preferred one first.
func Surfaces() []Surface { return []Surface{SurfaceGraph, SurfaceXDR} }

// ParseSurface reads the name of a surface that tells of incidents. Anything else is an [*OptionError].
func ParseSurface(s string) (Surface, error) {
	for _, known := range Surfaces() {
		if s == string(known) {
			return known, nil
		}
	}
	return "", &OptionError{Option: "surface", Value: s, Remedy: `use "graph" or "xdr"`}
}

// ChooseSurface decides through which surface a tenant's incidents are read,
// from the `roles` of its two tokens: graph when its Graph token carries a role
// that reads incidents, else xdr when its Defender XDR token carries one. The
// reason is a sentence for people. When neither does, the error is a
// [*NoRoleError]. Role names are compared exactly, as Microsoft does.
func ChooseSurface(graphRoles, xdrRoles []string) (s Surface, reason string, err error) {
	for _, candidate := range []struct {
		surface Surface
		token   string
		roles   []string
	}{
		{SurfaceGraph, "Microsoft Graph", graphRoles},
		{SurfaceXDR, "Defender XDR", xdrRoles},
	} {
		for _, want := range RequiredRoles(candidate.surface, OpListIncidents) {
			if !slices.Contains(candidate.roles, want) {
				continue
			}
			reason = fmt.Sprintf("the %s token carries %s", candidate.token, want)
			if candidate.surface == SurfaceXDR {
				reason += "; the Microsoft Graph token carries no role that reads incidents"
			}
			return candidate.surface, reason, nil
		}
	}
	return "", "", newNoRoleError(graphRoles, xdrRoles)
}

// NoRoleError says that neither token of a tenant lets the app read incidents.
type NoRoleError struct {
	// Missing maps each surface to the roles of which any one would do.
	Missing map[Surface][]string
	// NearMisses are roles that were granted and are easily taken for one that is needed.
	NearMisses []NearMiss
}

// NearMiss is a granted role that looks like the one that is needed.
type NearMiss struct {
	Surface Surface // whose token carries Have
	Have    string
	Want    string
	Why     string // what tells the two apart, in a few words
}

func newNoRoleError(graphRoles, xdrRoles []string) *NoRoleError {
	e := &NoRoleError{Missing: map[Surface][]string{}}
	for _, s := range Surfaces() {
		e.Missing[s] = RequiredRoles(s, OpListIncidents)
	}
	for _, h := range graphRoles {
		e.add(SurfaceGraph, h)
	}
	for _, h := range xdrRoles {
		e.add(SurfaceXDR, h)
	}
	return e
}

func (e *NoRoleError) add(s Surface, have string) {
	near := func(want, why string) {
		e.NearMisses = append(e.NearMisses, NearMiss{Surface: s, Have: have, Want: want, Why: why})
	}
	for _, want := range e.Missing[s] {
		switch {
		case strings.EqualFold(have, want):
			near(want, "upper and lower case differ")
			return
		case strings.EqualFold(singular(have), singular(want)):
			near(want, "singular and plural differ")
			return
		case strings.EqualFold(have+".All", want):
			near(want, "that is the delegated permission; an app by itself needs the application permission")
			return
		}
	}
	other := SurfaceXDR
	if s == SurfaceXDR {
		other = SurfaceGraph
	}
	if slices.Contains(e.Missing[other], have) {
		near(e.Missing[s][0], "that is the role of the other service")
		return
	}
	if s == SurfaceGraph && strings.HasPrefix(strings.ToLower(have), "securityalert.") {
		near(e.Missing[s][0], "alerts and incidents are separate permissions")
	}
	if s == SurfaceGraph && strings.HasPrefix(strings.ToLower(have), "securityevents.") {
		near(e.Missing[s][0], "that is the permission of the retired alerts API")
	}
}

// singular drops the plural s of the first part of a role name:
// "Incidents.Read.All" becomes "Incident.Read.All".
func singular(role string) string {
	first, rest, found := strings.Cut(role, ".")
	if !found {
		return role
	}
	return strings.TrimSuffix(strings.TrimSuffix(first, "s"), "S") + "." + rest
}

func (e *NoRoleError) Error() string {
	var b strings.Builder
	b.WriteString("no role that reads incidents: the Microsoft Graph token needs ")
	b.WriteString(strings.Join(e.Missing[SurfaceGraph], " or "))
	b.WriteString(", or the Defender XDR token ")
	b.WriteString(strings.Join(e.Missing[SurfaceXDR], " or "))
	for _, n := range e.NearMisses {
		fmt.Fprintf(&b, "; it carries %q, not %q (%s)", n.Have, n.Want, n.Why)
	}
	return b.String()
}

// Next says in one sentence what to do about it.
func (e *NoRoleError) Next() string {
	return "Add one of these application permissions to the app registration, have the customer's administrator consent again, then ask for a fresh token."
}
