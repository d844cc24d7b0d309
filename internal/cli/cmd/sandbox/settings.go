package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/factory"
	box "github.com/tenantry/tenantry/sandbox"
	"github.com/tenantry/tenantry/sandbox/fault"
	"github.com/tenantry/tenantry/sandbox/limit"
	"github.com/tenantry/tenantry/sandbox/world"
)

// settings are the switches that say how a sandbox is to behave, beside what
// its world file says.
type settings struct {
	faults        []string
	limits        string
	rate          float64
	consentLag    time.Duration
	credentialLag time.Duration
	changed       func(flag string) bool
}

func (s *settings) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.faults, "fault", nil, "`fault` that is set from the beginning, such as kind=slow,tenant=contoso.example,delay=2s, or as JSON; repeat it for several (see tenantry sandbox faults set --help)")
	cmd.Flags().StringVar(&s.limits, "limits", "on", "with `on|off`, Microsoft's limits of calls hold, as published or as the world file says, or none do")
	cmd.Flags().Float64Var(&s.rate, "rate", 0, "`number` of events per minute in the world: incidents appear, change, merge, are opened again (default: the world file's, else none)")
	cmd.Flags().DurationVar(&s.consentLag, "consent-lag", world.DefaultDelay, "how long a consent takes to be in tokens")
	cmd.Flags().DurationVar(&s.credentialLag, "credential-lag", world.DefaultDelay, "how long a new secret or certificate takes to work")
	s.changed = cmd.Flags().Changed
}

// given names the switches that were used, for those who cannot follow them.
func (s *settings) given() (names []string) {
	for _, name := range []string{"fault", "limits", "rate", "consent-lag", "credential-lag"} {
		if s.changed(name) {
			names = append(names, "--"+name)
		}
	}
	return names
}

// apply puts the switches over what the world file says.
func (s *settings) apply(cfg *box.Config, said world.Settings) error {
	for _, text := range s.faults {
		spec, err := parseFault(text)
		if err != nil {
			return err
		}
		cfg.Faults = append(cfg.Faults, spec)
	}
	switch s.limits {
	case "off":
		cfg.Limits = []limit.Rule{}
	case "on":
		if s.changed("limits") && said.Limits != nil && said.Limits.Off {
			cfg.Limits = limit.Published()
		}
	default:
		return clierr.Usage("use on or off", "--limits: %q is neither", s.limits)
	}
	if s.changed("rate") {
		if cfg.Rate = s.rate; s.rate == 0 {
			cfg.Rate = -1 // none, whatever the world file says
		}
		if s.rate < 0 {
			return clierr.Usage("use a number above 0, or 0 for none", "--rate: %v is below 0", s.rate)
		}
	}
	if s.consentLag < 0 || s.credentialLag < 0 {
		return clierr.Usage("such as --consent-lag 5s, or 0s for none", "--consent-lag and --credential-lag cannot be below 0")
	}
	if s.changed("consent-lag") || s.changed("credential-lag") {
		d := world.Delays{Consent: world.DefaultDelay, Credential: world.DefaultDelay}
		if said.Delays != nil {
			d = *said.Delays
		}
		if s.changed("consent-lag") {
			d.Consent = s.consentLag
		}
		if s.changed("credential-lag") {
			d.Credential = s.credentialLag
		}
		cfg.Delays = &d
	}
	return nil
}

// parseFault reads a fault of the command line: JSON, or KIND or kind=KIND and
// NAME=VALUE with commas between. A piece without "=" goes on with the value
// before it, for lists.
func parseFault(text string) (fault.Spec, error) {
	raw := []byte(text)
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		words, err := faultWords(text)
		if err != nil {
			return fault.Spec{}, err
		}
		members, err := faultSpec(words)
		if err != nil {
			return fault.Spec{}, err
		}
		if raw, err = json.Marshal(members); err != nil {
			return fault.Spec{}, err
		}
	}
	spec, err := fault.Parse(raw)
	if wrong := (*fault.SpecError)(nil); errors.As(err, &wrong) {
		var lines []string
		for _, p := range wrong.Problems {
			lines = append(lines, p.Field+" "+p.Problem)
		}
		return spec, clierr.Usage(wrong.Next(), "--fault %s: %s", text, strings.Join(lines, "; ")).Because(err)
	}
	return spec, err
}

// faultWords takes a fault apart into its kind and NAME=VALUEs.
func faultWords(text string) ([]string, error) {
	kind, words := "", []string{}
	for piece := range strings.SplitSeq(text, ",") {
		name, value, assigned := strings.Cut(piece, "=")
		switch {
		case assigned && name == "kind" && kind == "":
			kind = value
		case assigned:
			words = append(words, piece)
		case len(words) > 0:
			words[len(words)-1] += "," + piece
		case kind == "":
			kind = piece
		default:
			return nil, clierr.Usage("such as --fault kind=slow,tenant=contoso.example,delay=2s", "--fault %s: %q is not NAME=VALUE", text, piece)
		}
	}
	if kind == "" {
		return nil, clierr.Usage("such as --fault kind=slow,tenant=contoso.example,delay=2s", "--fault %s: kind is missing", text)
	}
	return append([]string{kind}, words...), nil
}

// warn tells of calls to APIs that Microsoft is retiring, once each.
func warn(f *factory.Factory) func(box.Retiring) {
	return func(r box.Retiring) {
		f.Streams.Notef("notice: %s\n  next: call %s", retiring(r), r.Successor)
	}
}

func retiring(r box.Retiring) string {
	return fmt.Sprintf("a program called %s (%s), which ends on %s (%s)", r.API, r.What, r.Ends, r.Source)
}
