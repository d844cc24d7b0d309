package world

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxIndicators is how many active indicators a tenant may have
// (learn.microsoft.com/defender-endpoint/api/post-ti-indicator).
const MaxIndicators = 15_000

// Indicator is a file, address or certificate that a tenant's machines are to
// look out for, with the properties of the page "Indicator resource type"
// (learn.microsoft.com/defender-endpoint/api/ti-indicator). Enum values are
// spelled as that page spells them.
type Indicator struct {
	ID                 string // filled in by PutIndicator
	Value              string // indicatorValue
	Type               string // FileSha1|FileSha256|FileMd5|CertificateThumbprint|IpAddress|DomainName|Url
	Action             string // Allowed|Audit|Block|BlockAndRemediate|Warn|Alert|AlertAndBlock
	Title              string
	Description        string
	RecommendedActions string
	Severity           string // Informational|Low|Medium|High
	Application        string
	ExternalID         string
	RBACGroupNames     []string
	GenerateAlert      bool
	SourceType         string // User|AadApp
	Source             string // display name of who submitted it first
	CreatedBy          string // id of who submitted it first
	LastUpdatedBy      string
	Expires            time.Time // zero: never
	Created            time.Time // filled in
	LastUpdate         time.Time // filled in
}

// TooManyIndicatorsError says that a tenant has as many active indicators as
// it may have.
type TooManyIndicatorsError struct {
	TenantID string
	Limit    int
}

func (e *TooManyIndicatorsError) Error() string {
	return fmt.Sprintf("tenant %s has %d active indicators, the most there may be", e.TenantID, e.Limit)
}

// Next says in one sentence what to do about it.
func (e *TooManyIndicatorsError) Next() string { return "Delete indicators, or let some expire." }

func (i *Indicator) clone() *Indicator {
	c := *i
	c.RBACGroupNames = slices.Clone(i.RBACGroupNames)
	return &c
}

func (i *Indicator) active(now time.Time) bool { return i.Expires.IsZero() || now.Before(i.Expires) }

// indicatorKey is what makes two indicators the same: type and value, without
// regard to case (ours; hashes and host names have none).
func indicatorKey(i *Indicator) string {
	return strings.ToLower(i.Type) + "\x00" + strings.ToLower(i.Value)
}

// PutIndicator submits an indicator. One of the same type and value is
// replaced, as the page "Submit or update indicator" says, and keeps its id,
// creation and first submitter; replaced tells of that. Otherwise it fails with
// a *[TooManyIndicatorsError] when the tenant has [MaxIndicators] active ones,
// and with ErrNotFound for an unknown tenant.
func (w *World) PutIndicator(tenantID string, i Indicator) (_ *Indicator, replaced bool, err error) {
	t, ok := w.Tenant(tenantID)
	if !ok {
		return nil, false, fmt.Errorf("tenant %s: %w", tenantID, ErrNotFound)
	}
	if i.Value == "" || i.Type == "" {
		return nil, false, fmt.Errorf("an indicator without value or type: %w", ErrInvalid)
	}
	now := w.Now()
	c := i.clone()
	l := w.ledger(t.ID, true)
	l.mu.Lock()
	old, found := l.indicators[indicatorKey(c)]
	replaced = found && old.active(now)
	if replaced {
		c.ID, c.Created, c.CreatedBy, c.Source, c.SourceType = old.ID, old.Created, old.CreatedBy, old.Source, old.SourceType
	} else {
		if l.activeIndicators(now) >= MaxIndicators {
			l.mu.Unlock()
			return nil, false, &TooManyIndicatorsError{t.ID, MaxIndicators}
		}
		l.lastID++
		c.ID = strconv.FormatInt(l.lastID, 10)
		c.Created = now.Truncate(tick)
	}
	c.LastUpdate = now.Truncate(tick)
	l.indicators[indicatorKey(c)] = c
	l.indicatorIDs[c.ID] = indicatorKey(c)
	l.mu.Unlock()
	what := "indicator.created"
	if replaced {
		what = "indicator.updated"
	}
	w.tellIndicator(what, t.ID, c)
	return c.clone(), replaced, nil
}

// activeIndicators counts, and forgets what has expired when that is needed.
func (l *ledger) activeIndicators(now time.Time) int {
	if len(l.indicators) < MaxIndicators {
		return len(l.indicators) // expired ones among them do not matter
	}
	for k, i := range l.indicators {
		if !i.active(now) {
			l.forget(k)
		}
	}
	return len(l.indicators)
}

// Indicators returns a tenant's active indicators in the order of their ids.
// The values are the caller's.
func (w *World) Indicators(tenantID string) []*Indicator {
	t, ok := w.Tenant(tenantID)
	if !ok {
		return nil
	}
	l := w.ledger(t.ID, false)
	if l == nil {
		return nil
	}
	now := w.Now()
	l.mu.RLock()
	all := make([]*Indicator, 0, len(l.indicators))
	for _, i := range l.indicators {
		if i.active(now) {
			all = append(all, i.clone())
		}
	}
	l.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Indicator) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Indicator finds an active indicator by its id. The value is the caller's.
func (w *World) Indicator(tenantID, id string) (*Indicator, bool) {
	l := w.ledger(tenantID, false)
	if l == nil {
		return nil, false
	}
	now := w.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	i, ok := l.indicators[l.indicatorIDs[id]]
	if !ok || !i.active(now) {
		return nil, false
	}
	return i.clone(), true
}

// FindIndicator finds the active indicator of a type and value, the one that
// [World.PutIndicator] would replace. The value is the caller's.
func (w *World) FindIndicator(tenantID, kind, value string) (*Indicator, bool) {
	l := w.ledger(tenantID, false)
	if l == nil {
		return nil, false
	}
	now := w.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	i, ok := l.indicators[indicatorKey(&Indicator{Type: kind, Value: value})]
	if !ok || !i.active(now) {
		return nil, false
	}
	return i.clone(), true
}

// DeleteIndicator removes an indicator; ErrNotFound when there is no active
// one of that id.
func (w *World) DeleteIndicator(tenantID, id string) error {
	missing := fmt.Errorf("indicator %s of tenant %s: %w", id, tenantID, ErrNotFound)
	l := w.ledger(tenantID, false)
	if l == nil {
		return missing
	}
	now := w.Now()
	l.mu.Lock()
	i, ok := l.indicators[l.indicatorIDs[id]]
	if ok = ok && i.active(now); ok {
		l.forget(indicatorKey(i))
	}
	l.mu.Unlock()
	if !ok {
		return missing
	}
	w.tellIndicator("indicator.deleted", tenantID, i)
	return nil
}

func (l *ledger) forget(key string) {
	delete(l.indicatorIDs, l.indicators[key].ID)
	delete(l.indicators, key)
}

func (w *World) tellIndicator(what, tenantID string, i *Indicator) {
	w.tell(Change{What: what, TenantID: strings.ToLower(tenantID), Detail: map[string]any{"indicatorId": i.ID, "type": i.Type, "action": i.Action}})
}
