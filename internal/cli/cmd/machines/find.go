package machines

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/moment"
)

// isID tells whether a word is the id of a machine: 40 hexadecimal digits, as
// every sample of Microsoft's pages has, or 32, as one has.
func isID(word string) bool {
	return (len(word) == 40 || len(word) == 32) && strings.Trim(strings.ToLower(word), "0123456789abcdef") == ""
}

// called tells whether a machine of this full name is meant by a word: the
// whole name, or its first label.
func called(name, word string) bool {
	if strings.EqualFold(name, word) {
		return true
	}
	label, _, _ := strings.Cut(name, ".")
	return strings.EqualFold(label, word)
}

// find looks for the one machine that is meant. The service can be asked for a
// machine by its name and answers with one, whichever it takes; a name can be
// that of several, since a machine that was set up anew is a new one, so that
// names are looked for in the list.
func find(ctx context.Context, c *defender.Client, t fleet.Tenant, word string) (*defender.Machine, error) {
	if isID(word) {
		return c.Machines().Get(ctx, strings.ToLower(word))
	}
	var whole, first []*defender.Machine
	for m, err := range c.Machines().All(ctx, defender.MachineListOptions{NamePrefix: word}) {
		if err != nil {
			return nil, err
		}
		switch {
		case strings.EqualFold(m.Name, word):
			whole = append(whole, m)
		case called(m.Name, word):
			first = append(first, m)
		}
	}
	if len(whole) == 0 {
		whole = first
	}
	switch len(whole) {
	case 1:
		return whole[0], nil
	case 0:
		return nil, clierr.Failed(fmt.Sprintf("tenantry machines list --tenant %s shows the machines there are", command.Quote(t.Label())),
			"%s has no machine %q", t.Label(), word)
	}
	var ids []string
	for _, m := range whole {
		ids = append(ids, fmt.Sprintf("%s (%s, last seen %s)", m.ID, m.Name, moment.Stamp(m.LastSeen)))
	}
	return nil, clierr.Usage("give the id of the one you mean", "%d machines of %s are called %q: %s", len(whole), t.Label(), word, strings.Join(ids, ", "))
}
