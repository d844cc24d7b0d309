package world

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
