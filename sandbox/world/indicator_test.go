package world

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestIndicators(t *testing.T) {
	tn := tenantOf(1, 0)
	w, clock := movingWorld(t, tn)
	var told []Change
	w.Observe(func(c Change) { told = append(told, c) })
	first, replaced, err := w.PutIndicator(tn.ID, Indicator{Type: "DomainName", Value: "Bad.example", Action: "Audit", CreatedBy: "a", Source: "App", SourceType: "AadApp", RBACGroupNames: []string{"g"}})
	if err != nil || replaced || first.ID == "" || !first.Created.Equal(first.LastUpdate) {
		t.Fatalf("first = %+v, %v, %v", first, replaced, err)
	}
	clock.add(time.Hour)
	second, replaced, err := w.PutIndicator(tn.ID, Indicator{Type: "DomainName", Value: "bad.EXAMPLE", Action: "Block", CreatedBy: "b", LastUpdatedBy: "b"})
	if err != nil || !replaced || second.ID != first.ID || second.Action != "Block" || !second.Created.Equal(first.Created) || !second.LastUpdate.After(first.LastUpdate) || second.CreatedBy != "a" || second.LastUpdatedBy != "b" {
		t.Errorf("second = %+v, %v, %v", second, replaced, err)
	}
	other, replaced, err := w.PutIndicator(tn.ID, Indicator{Type: "Url", Value: "bad.example", Action: "Block", Expires: w.Now().Add(time.Minute)})
	if err != nil || replaced || other.ID == first.ID {
		t.Errorf("another type: %+v, %v, %v", other, replaced, err)
	}
	if all := w.Indicators(tn.ID); len(all) != 2 || all[0].ID != first.ID || all[0].Action != "Block" {
		t.Errorf("indicators = %+v", all)
	}
	w.Indicators(tn.ID)[0].Action = "scribble"
	if got, ok := w.Indicator(tn.ID, first.ID); !ok || got.Action != "Block" {
		t.Errorf("a reader's change came through: %+v", got)
	}
	if got, ok := w.FindIndicator(tn.ID, "url", "BAD.example"); !ok || got.ID != other.ID {
		t.Errorf("FindIndicator = %+v, %v", got, ok)
	}
	if _, ok := w.FindIndicator(tn.ID, "IpAddress", "bad.example"); ok {
		t.Error("FindIndicator finds one of another type")
	}
	clock.add(time.Minute)
	if _, ok := w.FindIndicator(tn.ID, "Url", "bad.example"); ok {
		t.Error("FindIndicator finds one that has expired")
	}
	if _, ok := w.Indicator(tn.ID, other.ID); ok || len(w.Indicators(tn.ID)) != 1 {
		t.Error("an expired indicator is still there")
	}
	if err := w.DeleteIndicator(tn.ID, other.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("an expired one is deleted: %v", err)
	}
	if again, replaced, err := w.PutIndicator(tn.ID, Indicator{Type: "Url", Value: "bad.example", Action: "Block"}); err != nil || replaced || again.ID == other.ID {
		t.Errorf("after its end: %+v, %v, %v", again, replaced, err)
	}
	if err := w.DeleteIndicator(tn.ID, first.ID); err != nil {
		t.Error(err)
	}
	if err := w.DeleteIndicator(tn.ID, first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	var what []string
	for _, c := range told {
		what = append(what, c.What)
	}
	if got := fmt.Sprint(what); got != "[indicator.created indicator.updated indicator.created indicator.created indicator.deleted]" {
		t.Errorf("told %s", got)
	}
	for name, c := range map[string]struct {
		tenant string
		i      Indicator
		want   error
	}{
		"unknown tenant": {DeriveGUID("nobody"), Indicator{Type: "Url", Value: "x"}, ErrNotFound},
		"no value":       {tn.ID, Indicator{Type: "Url"}, ErrInvalid},
		"no type":        {tn.ID, Indicator{Value: "x"}, ErrInvalid},
	} {
		if _, _, err := w.PutIndicator(c.tenant, c.i); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestIndicatorsAreBounded(t *testing.T) {
	tn := tenantOf(1, 0)
	w, clock := movingWorld(t, tn)
	put := func(value string, life time.Duration) error {
		_, _, err := w.PutIndicator(tn.ID, Indicator{Type: "Url", Value: value, Action: "Block", Expires: w.Now().Add(life)})
		return err
	}
	for i := range MaxIndicators {
		if err := put(fmt.Sprint(i), time.Duration(1+i%2)*time.Hour); err != nil {
			t.Fatalf("indicator %d: %v", i, err)
		}
	}
	var many *TooManyIndicatorsError
	if err := put("one more", time.Hour); !errors.As(err, &many) || many.Limit != MaxIndicators || many.TenantID != tn.ID {
		t.Errorf("one more: %v", err)
	}
	if err := put("7", time.Hour); err != nil {
		t.Errorf("one of them again: %v", err)
	}
	clock.add(90 * time.Minute) // half of them are over
	if err := put("one more", time.Hour); err != nil {
		t.Errorf("one more when there is room: %v", err)
	}
	if n := len(w.Indicators(tn.ID)); n < MaxIndicators/2 || n > MaxIndicators/2+1 {
		t.Errorf("%d are active", n)
	}
}
