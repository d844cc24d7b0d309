package journal

import (
	"cmp"
	"slices"
)

type countKey struct {
	kind, service, operation, decision, tenant, what string
	status, aadsts                                   int
}

func keyOf(e *Event) countKey {
	return countKey{
		kind: e.Kind, service: e.Service, operation: e.Operation, decision: e.Decision,
		tenant: e.TenantID, what: e.What, status: e.Status, aadsts: e.AADSTS,
	}
}

// Count is how often one combination of values occurred.
type Count struct {
	Kind      string `json:"kind"`
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	Status    int    `json:"status,omitempty"`
	Decision  string `json:"decision,omitempty"`
	AADSTS    int    `json:"aadsts,omitempty"`
	TenantID  string `json:"tenantId,omitempty"`
	What      string `json:"what,omitempty"` // of a change
	Count     uint64 `json:"count"`
}

// Summary counts all events of a journal since it was opened or cleared.
type Summary struct {
	// Seq is the number of the newest event; see [Journal.Seq].
	Seq       uint64            `json:"seq"`
	Requests  uint64            `json:"requests"`
	Changes   uint64            `json:"changes"`
	Refused   uint64            `json:"refused"` // connections to hosts that the sandbox does not stand in for
	ByService map[string]uint64 `json:"byService"`
	ByStatus  map[int]uint64    `json:"byStatus"`
	Counts    []Count           `json:"counts"` // sorted: kind, service, operation, tenant, status, decision
}

// Summary counts what happened since the journal was opened or cleared, including events
// that are no longer in memory.
func (j *Journal) Summary() Summary {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Summary{Seq: j.seq, ByService: map[string]uint64{}, ByStatus: map[int]uint64{}, Counts: make([]Count, 0, len(j.counts))}
	for k, n := range j.counts {
		s.Counts = append(s.Counts, Count{
			Kind: k.kind, Service: k.service, Operation: k.operation, Status: k.status,
			Decision: k.decision, AADSTS: k.aadsts, TenantID: k.tenant, What: k.what, Count: n,
		})
		switch k.kind {
		case KindRequest:
			s.Requests += n
			s.ByService[k.service] += n
			s.ByStatus[k.status] += n
		case KindState:
			s.Changes += n
		case KindRefused:
			s.Refused += n
		}
	}
	slices.SortFunc(s.Counts, func(a, b Count) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(a.TenantID, b.TenantID), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Decision, b.Decision),
			cmp.Compare(a.AADSTS, b.AADSTS), cmp.Compare(a.What, b.What),
		)
	})
	return s
}
