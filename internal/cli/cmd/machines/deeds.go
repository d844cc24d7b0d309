package machines

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantry/tenantry/defender"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/command"
	"github.com/tenantry/tenantry/internal/cli/factory"
	"github.com/tenantry/tenantry/internal/cli/filter"
	"github.com/tenantry/tenantry/respond"
)

// add declares the flags that all deeds share.
func (d *deed) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.tenant, "tenant", "", "`tenant` by id, domain or name")
	d.Add(cmd, "sent to the service, where the customer reads it")
}

// once is the help that isolate and release share.
const once = `The machine is named by its id or its name, in full or up to the first dot; a
name that several machines have is refused, since a machine that was set up anew
is another one. --dry-run looks and tells, and changes nothing. A person
confirms, or --yes; the audit record is written before anything is sent.`

func newIsolate(f *factory.Factory) *cobra.Command {
	d := deed{kind: respond.KindIsolate, op: defender.OpIsolateMachine, verb: "Isolate"}
	var kind string
	var force bool
	cmd := &cobra.Command{
		Use:   "isolate MACHINE",
		Short: "Cut a machine off from the network",
		Long: `Isolate one machine: Defender's own connection stays, the rest is cut off. The
type full is for managed machines; selective leaves Outlook, Teams and Skype;
unManagedDevice contains a device that Defender does not manage. A machine
behind a full VPN tunnel cannot be reached by Defender either once it is
isolated.

` + once + `

A machine that is being isolated, or is isolated, is not isolated again: a
second isolation can stay pending and take effect after the release. --force
isolates one that shows as isolated or is being released, never one that is
being isolated.

Needed are the application roles Machine.Isolate and, to look first,
Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples(
			"look first", "tenantry machines isolate desktop-7 --tenant contoso.com --comment 'incident 29' --dry-run",
			"from a script", "tenantry machines isolate desktop-7 --tenant contoso.com --comment 'incident 29' --yes"),
		Args: command.Args(1, 1, "machine"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, ok := filter.Among(defender.IsolationTypes())(kind)
			if !ok {
				return clierr.Usage("use full, selective or unManagedDevice", "--type: %q is not a type of isolation", kind)
			}
			d.machine, d.changes = args[0], []string{"isolation: " + strings.ToLower(string(t))}
			d.hinders = func(i respond.Isolation) *respond.AlreadyIsolatingError {
				return respond.Hindered(respond.KindIsolate, i, force)
			}
			d.run = func(ctx context.Context, r *respond.Runner, c *defender.Client, p respond.Plan) (*defender.MachineAction, respond.Result, error) {
				return r.Isolate(ctx, c, p, respond.IsolateOptions{Type: t, Force: force})
			}
			return d.do(cmd.Context(), f)
		},
	}
	d.add(cmd)
	cmd.Flags().StringVar(&kind, "type", "full", "full, selective or unManagedDevice")
	cmd.Flags().BoolVar(&force, "force", false, "isolate it although it shows as isolated or is being released")
	return cmd
}

func newRelease(f *factory.Factory) *cobra.Command {
	d := deed{kind: respond.KindRelease, op: defender.OpReleaseMachine, verb: "Release", changes: []string{"isolation: released"}}
	d.hinders = func(i respond.Isolation) *respond.AlreadyIsolatingError {
		return respond.Hindered(respond.KindRelease, i, false)
	}
	d.run = func(ctx context.Context, r *respond.Runner, c *defender.Client, p respond.Plan) (*defender.MachineAction, respond.Result, error) {
		return r.Release(ctx, c, p)
	}
	cmd := &cobra.Command{
		Use:   "release MACHINE",
		Short: "Release a machine from isolation",
		Long: `Release one machine from isolation. While it is being isolated, or released, it
is not released again: wait, or cancel what is under way.

` + once + `

Needed are the application roles Machine.Isolate and, to look first,
Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples("after the clean-up", "tenantry machines release desktop-7 --tenant contoso.com --comment 'clean, see incident 29'"),
		Args:    command.Args(1, 1, "machine"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.machine = args[0]
			return d.do(cmd.Context(), f)
		},
	}
	d.add(cmd)
	return cmd
}

func newScan(f *factory.Factory) *cobra.Command {
	d := deed{kind: respond.KindScan, op: defender.OpScanMachine, verb: "Scan"}
	var kind string
	cmd := &cobra.Command{
		Use:   "scan MACHINE",
		Short: "Start an antivirus scan on a machine",
		Long: `Start a scan with Microsoft Defender Antivirus on one machine. While one is
under way the service starts no other.

` + once + `

Needed are the application roles Machine.Scan and, to find the machine,
Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples("a full scan", "tenantry machines scan desktop-7 --tenant contoso.com --type full --comment 'incident 29'"),
		Args:    command.Args(1, 1, "machine"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, ok := filter.Among(defender.ScanTypes())(kind)
			if !ok {
				return clierr.Usage("use quick or full", "--type: %q is not a type of scan", kind)
			}
			d.machine, d.changes = args[0], []string{fmt.Sprintf("%s antivirus scan", strings.ToLower(string(t)))}
			d.run = func(ctx context.Context, r *respond.Runner, c *defender.Client, p respond.Plan) (*defender.MachineAction, respond.Result, error) {
				return r.Scan(ctx, c, p, t)
			}
			return d.do(cmd.Context(), f)
		},
	}
	d.add(cmd)
	cmd.Flags().StringVar(&kind, "type", "quick", "quick or full")
	return cmd
}

func newCollect(f *factory.Factory) *cobra.Command {
	d := deed{kind: respond.KindCollect, op: defender.OpCollectPackage, verb: "Collect the investigation package of", changes: []string{"collect an investigation package"}}
	d.run = func(ctx context.Context, r *respond.Runner, c *defender.Client, p respond.Plan) (*defender.MachineAction, respond.Result, error) {
		return r.Collect(ctx, c, p)
	}
	cmd := &cobra.Command{
		Use:   "collect MACHINE",
		Short: "Have a machine collect its investigation package",
		Long: `Have one machine put together its investigation package: autoruns, processes,
connections, logs. It can be downloaded in the portal once the action has
succeeded. While one is being collected the service starts no other.

` + once + `

Needed are the application roles Machine.CollectForensics and, to find the
machine, Machine.Read.All of WindowsDefenderATP.`,
		Example: command.Examples("for a case", "tenantry machines collect desktop-7 --tenant contoso.com --comment 'incident 29'"),
		Args:    command.Args(1, 1, "machine"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.machine = args[0]
			return d.do(cmd.Context(), f)
		},
	}
	d.add(cmd)
	return cmd
}
