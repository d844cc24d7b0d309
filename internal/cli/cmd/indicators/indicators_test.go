package indicators

import (
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/act"
)

func now() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }

func TestTypeOf(t *testing.T) {
	for value, want := range map[string]defender.IndicatorType{
		strings.Repeat("a", 64): defender.IndicatorFileSHA256, strings.Repeat("A", 40): defender.IndicatorFileSHA1, strings.Repeat("0", 32): defender.IndicatorFileMD5,
		"203.0.113.7": defender.IndicatorIP, "2001:db8::7": defender.IndicatorIP, "10.0.0.0/8": defender.IndicatorIP,
		"evil.example": defender.IndicatorDomain, "https://evil.example/x": defender.IndicatorURL,
		"evil": "", "a b.c": "", "": "", `C:\evil.exe`: "", "evil.example/x": "", strings.Repeat("a", 63): "",
	} {
		if got := typeOf(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestAhead(t *testing.T) {
	for text, want := range map[string]time.Time{
		"": {}, "30d": now().AddDate(0, 0, 30), "90m": now().Add(90 * time.Minute), "2w": now().AddDate(0, 0, 14),
		"2026-12-31": time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), "2026-12-31T12:00:00Z": time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC),
	} {
		if got, err := ahead("--expires", text, now()); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{"soon", "-30d", "30"} {
		if got, err := ahead("--expires", bad, now()); err == nil {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func TestParse(t *testing.T) {
	base := submitOptions{Flags: act.Flags{Comment: "campaign 12"}, value: " evil.example ", action: "AUDIT", expires: "30d", severity: "high"}
	i, err := base.parse(now())
	if err != nil {
		t.Fatal(err)
	}
	if i.Value != "evil.example" || i.Type != defender.IndicatorDomain || i.Action != defender.IndicatorAudit || i.Severity != "High" ||
		i.Title != "evil.example" || i.Description != "campaign 12" || i.GenerateAlert == nil || !*i.GenerateAlert || !i.Expires.Equal(now().AddDate(0, 0, 30)) {
		t.Errorf("%+v", i)
	}
	base.action = "block"
	if i, err = base.parse(now()); err != nil || i.GenerateAlert != nil {
		t.Errorf("%+v, %v: block raises an alert only when asked for", i, err)
	}
	for name, change := range map[string]func(*submitOptions){
		"no action":        func(o *submitOptions) { o.action = "" },
		"unknown action":   func(o *submitOptions) { o.action = "explode" },
		"unknown type":     func(o *submitOptions) { o.kind = "smell" },
		"type does not do": func(o *submitOptions) { o.kind = "fileSha1" },
		"past":             func(o *submitOptions) { o.expires = "2020-01-01" },
		"unknown severity": func(o *submitOptions) { o.severity = "extreme" },
	} {
		o := base
		change(&o)
		if _, err := o.parse(now()); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
