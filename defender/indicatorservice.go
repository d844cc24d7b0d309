package defender

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// IndicatorService is the calls about the indicators of one tenant. It is safe
// for concurrent use; limits are those of [MachineService], and 15,000 active
// indicators a tenant.
//
// With the role Ti.ReadWrite an app sees and deletes only what it submitted
// itself; with Ti.ReadWrite.All everything.
type IndicatorService struct{ client *Client }

// Indicators returns the calls about indicators.
func (c *Client) Indicators() *IndicatorService { return &IndicatorService{client: c} }

// IndicatorListOptions narrows a list of indicators. The zero value asks for all
// of them. What is set must all hold; of several values in a list, one.
type IndicatorListOptions struct {
	Value    string // compared as it is written
	Type     []IndicatorType
	Action   []IndicatorAction
	Severity []string // Informational, Low, Medium, High
	Title    string
	Created  time.Time // created then or later
	// Top is the page size, 10,000 at most; 0 means 1,000.
	Top int
	// Cursor continues a list: IndicatorPage.Next of the page before. All ignores it.
	Cursor string
}

// IndicatorPage is one page of indicators; see MachinePage.
type IndicatorPage struct {
	Items []*Indicator
	Next  string
}

func (s *IndicatorService) list(o IndicatorListOptions) (*mdeList[Indicator], error) {
	f := &filter{surface: SurfaceMDE}
	f.equal("Value", "indicatorValue", o.Value)
	oneOf(f, "Type", "indicatorType", IndicatorTypes(), o.Type)
	oneOf(f, "Action", "action", allIndicatorActions(), o.Action)
	oneOf(f, "Severity", "severity", IndicatorSeverities(), o.Severity)
	f.equal("Title", "title", o.Title)
	f.since("creationTimeDateTimeUtc", o.Created)
	q, err := f.mdeQuery(o.Top)
	if err != nil {
		return nil, err
	}
	return &mdeList[Indicator]{client: s.client, op: OpListIndicators, path: "/api/indicators", query: q, top: o.Top,
		id: func(i *Indicator) string { return i.ID }}, nil
}

// List reads one page of the active indicators.
//
// GET /api/indicators, needs Ti.ReadWrite or Ti.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/get-ti-indicators-collection
func (s *IndicatorService) List(ctx context.Context, o IndicatorListOptions) (IndicatorPage, error) {
	l, err := s.list(o)
	if err != nil {
		return IndicatorPage{}, err
	}
	items, next, err := l.page(ctx, o.Cursor)
	return IndicatorPage{Items: items, Next: next}, err
}

// All reads the whole list as [MachineService.All] does, each indicator once.
func (s *IndicatorService) All(ctx context.Context, o IndicatorListOptions) iter.Seq2[*Indicator, error] {
	l, err := s.list(o)
	if err != nil {
		return failed[Indicator](err)
	}
	return l.all(ctx)
}

// indicatorBody is what is submitted: the parameters of the page and no others.
type indicatorBody struct {
	Value              string          `json:"indicatorValue"`
	Type               IndicatorType   `json:"indicatorType"`
	Action             IndicatorAction `json:"action"`
	Title              string          `json:"title"`
	Description        string          `json:"description"`
	Application        string          `json:"application,omitempty"`
	ExternalID         string          `json:"externalID,omitempty"`
	Severity           string          `json:"severity,omitempty"`
	RecommendedActions string          `json:"recommendedActions,omitempty"`
	Groups             []string        `json:"rbacGroupNames,omitempty"`
	EducateURL         string          `json:"educateUrl,omitempty"`
	GenerateAlert      *bool           `json:"generateAlert,omitempty"`
	Expires            string          `json:"expirationTime,omitempty"`
}

// Submit adds an indicator, or updates the one of the same type and value.
// Value, Type, Action, Title and Description are required; what the service
// sets itself (ID, Created, …) is not sent. [Indicator.Check] says what is
// refused before anything is sent.
//
// A failure after the request was sent is an [*UncertainError]. Submitting the
// same again is safe, since it updates what is there.
//
// POST /api/indicators, needs Ti.ReadWrite or Ti.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/post-ti-indicator
func (s *IndicatorService) Submit(ctx context.Context, i Indicator) (*Indicator, error) {
	if err := i.Check(s.client.now()); err != nil {
		return nil, err
	}
	u, err := s.client.mdeURL("/api/indicators")
	if err != nil {
		return nil, err
	}
	body := indicatorBody{
		Value: i.Value, Type: canonicalOf(IndicatorTypes(), i.Type), Action: canonicalOf(IndicatorActions(), i.Action), Title: i.Title,
		Description: i.Description, Application: i.Application, ExternalID: i.ExternalID, Severity: canonicalOf(IndicatorSeverities(), i.Severity),
		RecommendedActions: i.RecommendedActions, Groups: i.Groups, EducateURL: i.EducateURL, GenerateAlert: i.GenerateAlert,
	}
	if !i.Expires.IsZero() {
		body.Expires = i.Expires.UTC().Format(time.RFC3339)
	}
	out, err := mdeWrite[Indicator](ctx, s.client, OpSubmitIndicator, u, body, http.StatusOK, http.StatusCreated)
	if err != nil {
		return nil, uncertainMDE(OpSubmitIndicator, i.Value, "List the indicators with this value; submitting it again is safe, since it updates what is there.", err)
	}
	return out, nil
}

// Delete removes an indicator. An unknown id is an [*Error] with status 404; a
// failure after the request was sent is an [*UncertainError].
//
// DELETE /api/indicators/{id}, needs Ti.ReadWrite or Ti.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/delete-ti-indicator-by-id
func (s *IndicatorService) Delete(ctx context.Context, id string) error {
	if err := mdePathID("indicator id", id); err != nil {
		return err
	}
	u, err := s.client.mdeURL("/api/indicators/" + id)
	if err != nil {
		return err
	}
	_, err = s.client.send(ctx, SurfaceMDE, OpDeleteIndicator, http.MethodDelete, u, nil, http.StatusNoContent, http.StatusOK)
	if err != nil {
		return uncertainMDE(OpDeleteIndicator, id, "List the indicators: when this id is gone, it was deleted; deleting it again is safe.", err)
	}
	return nil
}

// Check refuses, with an [*OptionError], an indicator that the service would not
// take: a required field is missing, the value does not fit the type (CIDR
// ranges are not supported), Audit without GenerateAlert, an end that is past
// by now, an action of before 2022.
func (i Indicator) Check(now time.Time) error {
	refuse := func(option, value, remedy string) error {
		return &OptionError{Surface: SurfaceMDE, Option: option, Value: value, Remedy: remedy}
	}
	kind, action := canonicalOf(IndicatorTypes(), i.Type), canonicalOf(IndicatorActions(), i.Action)
	switch {
	case !slices.Contains(IndicatorTypes(), kind):
		return refuse("indicator type", string(i.Type), "use "+strings.Join(texts(IndicatorTypes()), ", "))
	case !slices.Contains(IndicatorActions(), action):
		return refuse("indicator action", string(i.Action), "use "+strings.Join(texts(IndicatorActions()), ", "))
	case action == IndicatorAudit && (i.GenerateAlert == nil || !*i.GenerateAlert):
		return refuse("indicator action", string(action), "ask for an alert as well: the service takes Audit only with one")
	case i.Severity != "" && !slices.Contains(IndicatorSeverities(), canonicalOf(IndicatorSeverities(), i.Severity)):
		return refuse("indicator severity", i.Severity, "use Informational, Low, Medium or High")
	case !i.Expires.IsZero() && !i.Expires.After(now):
		return refuse("indicator expiration", i.Expires.UTC().Format(time.RFC3339), "use a time to come, or none")
	}
	if problem := indicatorProblem(kind, i.Value); problem != "" {
		return refuse("indicator value", i.Value, problem)
	}
	for _, f := range []struct {
		name, value string
		required    bool
	}{
		{"indicator title", i.Title, true}, {"indicator description", i.Description, true},
		{"indicator recommended actions", i.RecommendedActions, false}, {"indicator application", i.Application, false},
	} {
		switch {
		case f.required && strings.TrimSpace(f.value) == "":
			return refuse(f.name, "", "it is required")
		case !plainLines(f.value):
			return refuse(f.name, "", "write it in plain text, without control characters")
		}
	}
	return nil
}

// indicatorProblem says what keeps a value from being of a type, or "".
func indicatorProblem(t IndicatorType, value string) string {
	hex := func(n int) string {
		if len(value) == n && strings.Trim(strings.ToLower(value), "0123456789abcdef") == "" {
			return ""
		}
		return fmt.Sprintf("use %d hexadecimal digits", n)
	}
	switch t {
	case IndicatorFileMD5:
		return hex(32)
	case IndicatorFileSHA1, IndicatorCertificate:
		return hex(40)
	case IndicatorFileSHA256:
		return hex(64)
	case IndicatorIP:
		if _, err := netip.ParseAddr(value); err != nil || strings.Contains(value, "%") {
			return "use one IP address; ranges are not supported"
		}
	case IndicatorDomain:
		if !domainName(value) {
			return "use a domain name such as evil.example"
		}
	case IndicatorURL:
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
			return "use an address that begins with http:// or https://"
		}
	}
	return ""
}

// domainName tells whether s has the form of a domain: two labels or more, the
// last of them no number.
func domainName(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	if len(s) > 253 || len(labels) < 2 || strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") ||
			strings.ContainsFunc(l, func(r rune) bool {
				return r != '-' && r != '_' && !unicode.IsDigit(r) && !unicode.IsLetter(r)
			}) {
			return false
		}
	}
	return true
}
