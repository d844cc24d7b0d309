package tenants

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/act"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/store"
)

type addOptions struct {
	word     string
	name     string
	customer string
	tags     []string
	yes      bool
	dryRun   bool
}

func newAdd(f *factory.Factory) *cobra.Command {
	var o addOptions
	cmd := &cobra.Command{
		Use:   "add DOMAIN|TENANT-ID",
		Short: "Add a customer's tenant",
		Long: `Add a customer's tenant to the state. A domain is resolved to the id of its
tenant by Microsoft's public discovery document, without signing in; the id is
shown and asked about, because a domain can belong to another tenant than the
customer thinks. --yes answers the question beforehand, and is needed where
nobody is there to answer.`,
		Example: command.Examples(
			"by domain", "tenantry tenants add contoso.com --name Contoso --tag gold",
			"by id, from a script", "tenantry tenants add 11111111-2222-4333-8444-555555555555 --name Contoso --yes",
			"only look the id up", "tenantry tenants add contoso.com --dry-run"),
		Args: command.Args(1, 1, "domain or tenant id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.word = args[0]
			return add(cmd.Context(), f, o)
		},
	}
	cmd.Flags().StringVar(&o.name, "name", "", "`name` to call the tenant by (default: its domain)")
	cmd.Flags().StringVar(&o.customer, "customer", "", "`name` of the customer the tenant belongs to")
	cmd.Flags().StringSliceVar(&o.tags, "tag", nil, "`tag` to give the tenant; repeat it for several")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be added and add nothing")
	return cmd
}

func add(ctx context.Context, f *factory.Factory, o addOptions) error {
	tags, err := fleet.NormalizeTags(o.tags)
	if err != nil {
		return err
	}
	id, err := f.Resolve(ctx, o.word)
	if err != nil {
		return err
	}
	cloud, err := f.Cloud()
	if err != nil {
		return err
	}
	t := fleet.Tenant{ID: id, Name: o.name, Customer: o.customer, Tags: tags, Cloud: cloud.Name, State: fleet.StateAdded, Added: f.Now().UTC()}
	if !strings.EqualFold(o.word, string(id)) {
		t.Domain = strings.ToLower(o.word)
	}
	existing, err := f.Known(ctx)
	if err != nil {
		return err
	}
	if err := clash(existing, t); err != nil {
		return err
	}
	if o.dryRun {
		f.Streams.Notef("would add %s; nothing was written", t.Place())
		return f.Print(one(t))
	}
	if t.Domain != "" && !o.yes {
		if err := confirm(ctx, f, fmt.Sprintf("%s is tenant %s in the %s cloud. Add it?", t.Domain, t.ID, cloud.Name)); err != nil {
			return err
		}
	}
	s, err := f.Store(ctx)
	if err != nil {
		return err
	}
	if err := s.PutTenant(ctx, t); err != nil {
		return err
	}
	f.Streams.Notef("added %s; next: tenantry invite --tenant %s", t.Place(), t.ID)
	return f.Print(one(t))
}

// clash refuses a tenant that is there already, and a name or domain that
// would be ambiguous afterwards.
func clash(existing []fleet.Tenant, t fleet.Tenant) error {
	for _, have := range existing {
		switch {
		case have.ID == t.ID:
			return clierr.Failed("tenantry tenants show "+string(t.ID), "tenant %s is in the state already, as %s", t.ID, have.Label())
		case t.Name != "" && strings.EqualFold(have.Name, t.Name):
			return clierr.Failed("choose another --name", "another tenant (%s) is called %q", have.ID, have.Name)
		case t.Domain != "" && strings.EqualFold(have.Domain, t.Domain):
			return clierr.Failed("tenantry tenants show "+string(have.ID), "another tenant (%s) has the domain %s", have.ID, have.Domain)
		}
	}
	return nil
}

// confirm asks on a terminal, and wants --yes where there is none.
func confirm(ctx context.Context, f *factory.Factory, question string) error {
	if !f.Streams.CanAsk() {
		return clierr.Usage("add --yes when that is right", "%s Nobody is there to answer", question)
	}
	return act.Confirm(ctx, f, question)
}

func newRemove(f *factory.Factory) *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "remove TENANT",
		Short: "Forget a tenant",
		Long: `Forget a tenant and its invitations. The consent in the customer's tenant
stays: only the customer's administrator can withdraw it, by deleting the
enterprise application there.`,
		Example: command.Examples("ask first", "tenantry tenants remove contoso.com", "from a script", "tenantry tenants remove contoso.com --yes"),
		Args:    command.Args(1, 1, "tenant"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			t, err := known(ctx, f, args[0])
			if err != nil {
				return err
			}
			if dryRun {
				f.Streams.Notef("would remove %s; nothing was changed", t.Place())
				return f.Print(one(t))
			}
			if !yes {
				if err := confirm(ctx, f, fmt.Sprintf("Forget %s?", t.Place())); err != nil {
					return err
				}
			}
			s, err := f.Store(ctx)
			if err != nil {
				return err
			}
			if err := s.RemoveTenant(ctx, t.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			f.Streams.Notef("removed %s; the consent in the customer's tenant stays until the customer deletes the enterprise application", t.Place())
			return f.Print(one(t))
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show what would be removed and remove nothing")
	return cmd
}

func newTag(f *factory.Factory) *cobra.Command {
	var addTags, removeTags []string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "tag TENANT...",
		Short: "Give tenants tags, or take them away",
		Long: `Give tags to tenants, or take them away. Tags select tenants for other commands
(--tag, --exclude-tag). All named tenants are changed, or, when one of them is
not known, none.`,
		Example: command.Examples(
			"two tenants", "tenantry tenants tag contoso.com fabrikam.com --add gold",
			"move one to another group", "tenantry tenants tag contoso.com --add silver --remove gold"),
		Args: command.Args(1, -1, "tenant"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return tag(cmd.Context(), f, args, addTags, removeTags, dryRun)
		},
	}
	cmd.Flags().StringSliceVar(&addTags, "add", nil, "`tag` to give; repeat it for several")
	cmd.Flags().StringSliceVar(&removeTags, "remove", nil, "`tag` to take away; repeat it for several")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show the result and change nothing")
	return cmd
}

func tag(ctx context.Context, f *factory.Factory, words, addTags, removeTags []string, dryRun bool) error {
	if len(addTags)+len(removeTags) == 0 {
		return clierr.Usage("such as --add gold", "neither --add nor --remove was given")
	}
	plus, err := fleet.NormalizeTags(addTags)
	if err != nil {
		return err
	}
	minus, err := fleet.NormalizeTags(removeTags)
	if err != nil {
		return err
	}
	all, err := f.Known(ctx)
	if err != nil {
		return err
	}
	found, err := fleet.Selector{Tenants: words}.Select(all)
	if err != nil {
		return err
	}
	changed := make([]fleet.Tenant, 0, len(found))
	for _, t := range found {
		t.Tags, err = fleet.NormalizeTags(append(without(t.Tags, minus), plus...))
		if err != nil {
			return err
		}
		changed = append(changed, t)
	}
	if !dryRun {
		if err := putAll(ctx, f, found, changed); err != nil {
			return err
		}
	}
	return f.Print(table(changed))
}

func without(tags, minus []string) []string {
	var kept []string
	for _, t := range tags {
		drop := false
		for _, m := range minus {
			drop = drop || m == t
		}
		if !drop {
			kept = append(kept, t)
		}
	}
	return kept
}

// putAll writes all tenants or none: when one cannot be written, those written
// before it get back what they were; a tenant that was not there is removed.
func putAll(ctx context.Context, f *factory.Factory, before, after []fleet.Tenant) error {
	s, err := f.Store(ctx)
	if err != nil {
		return err
	}
	was := map[entra.TenantID]fleet.Tenant{}
	for _, t := range before {
		was[t.ID] = t
	}
	for i, t := range after {
		err := s.PutTenant(ctx, t)
		if err == nil {
			continue
		}
		for _, done := range after[:i] {
			var uerr error
			if old, ok := was[done.ID]; ok {
				uerr = s.PutTenant(context.WithoutCancel(ctx), old)
			} else {
				uerr = s.RemoveTenant(context.WithoutCancel(ctx), done.ID)
			}
			if uerr != nil {
				return fmt.Errorf("tenant %s could not be written, and %s could not be put back: %w", t.ID, done.ID, errors.Join(err, uerr))
			}
		}
		return fmt.Errorf("tenant %s could not be written; nothing was changed: %w", t.ID, err)
	}
	return nil
}
