// Package factory gives every command what it depends on, made on first use:
// nothing opens a database, a keyring or a connection for --help.
package factory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tenantry/tenantry/entra"
	"github.com/tenantry/tenantry/fleet"
	"github.com/tenantry/tenantry/internal/cli/clierr"
	"github.com/tenantry/tenantry/internal/cli/config"
	"github.com/tenantry/tenantry/internal/cli/iostreams"
	"github.com/tenantry/tenantry/internal/cli/output"
	"github.com/tenantry/tenantry/secret"
)

// Flags are the global flags, filled in before any command runs.
type Flags struct {
	Output string
	Query  string
	Config string
	CAFile string
	Trace  bool
	Cloud  string
	State  string
}

// Store is what commands need of the state.
type Store interface {
	App(ctx context.Context) (fleet.App, bool, error)
	PutApp(ctx context.Context, app fleet.App) error
	Tenants(ctx context.Context) ([]fleet.Tenant, error)
	Tenant(ctx context.Context, id entra.TenantID) (fleet.Tenant, error)
	PutTenant(ctx context.Context, t fleet.Tenant) error
	RemoveTenant(ctx context.Context, id entra.TenantID) error
	PutInvitation(ctx context.Context, inv fleet.Invitation) error
	UseInvitation(ctx context.Context, state string, now time.Time) (fleet.Invitation, error)
	AppendAudit(ctx context.Context, r fleet.AuditRecord) (id int64, err error)
	FinishAudit(ctx context.Context, id int64, res fleet.AuditResult) error
	Audit(ctx context.Context, f fleet.AuditFilter) ([]fleet.AuditRecord, error)
	PutSeen(ctx context.Context, tenant entra.TenantID, kind string, list []fleet.Seen) error
	Seen(ctx context.Context, tenant entra.TenantID, kind, id string) (fleet.Seen, bool, error)
	Close() error
}

// Options are the process's surroundings. The zero value is not useful; see
// [New].
type Options struct {
	Streams *iostreams.Streams
	Environ []string // "NAME=value"
	Now     func() time.Time
	Version string
	// OpenStore opens, and creates when missing, the state file at path.
	OpenStore func(ctx context.Context, path string, now func() time.Time) (Store, error)
	// Keyring keeps secrets of keyring: references.
	Keyring secret.Keyring
}

// Factory hands out dependencies. Its funcs may be called any number of times
// and from several goroutines; each makes its value once.
type Factory struct {
	Streams *iostreams.Streams
	Now     func() time.Time
	Version string
	Environ []string
	Flags   Flags

	// Config reads tenantry.yaml and TENANTRY_*.
	Config func() (config.Config, error)
	// Cloud is --cloud, or the configuration's; needs Config.
	Cloud func() (entra.Cloud, error)
	// HTTPClient honours HTTPS_PROXY, --ca-file and --trace; needs Config.
	HTTPClient func() (*http.Client, error)
	// Printer follows --output and --query; needs Config.
	Printer func() (*output.Printer, error)

	opts   Options
	mu     sync.Mutex
	store  Store
	tokens []*entra.Tokens // to close
}

// New returns a factory over the process's surroundings.
func New(o Options) *Factory {
	f := &Factory{Streams: o.Streams, Now: o.Now, Version: o.Version, Environ: o.Environ, opts: o}
	f.Config = sync.OnceValues(f.loadConfig)
	f.Cloud = sync.OnceValues(f.chooseCloud)
	f.HTTPClient = sync.OnceValues(f.newHTTPClient)
	f.Printer = sync.OnceValues(f.newPrinter)
	return f
}

// Close releases what was opened: what signs in first, since its background
// work may outlive the command, then the state.
func (f *Factory) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, t := range f.tokens {
		errs = append(errs, t.Close())
	}
	f.tokens = nil
	if f.store != nil {
		errs = append(errs, f.store.Close())
		f.store = nil
	}
	return errors.Join(errs...)
}

// Getenv is a variable of the run's environment.
func (f *Factory) Getenv(name string) string {
	v, _ := f.LookupEnv(name)
	return v
}

// LookupEnv is a variable of the run's environment, and whether it is set.
func (f *Factory) LookupEnv(name string) (string, bool) {
	value, found := "", false
	for _, kv := range f.Environ {
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			value, found = kv[len(name)+1:], true
		}
	}
	return value, found
}

func (f *Factory) loadConfig() (config.Config, error) {
	dir := f.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		if home := f.Getenv("HOME"); home != "" {
			dir = filepath.Join(home, ".config")
		}
	}
	path := f.Flags.Config
	if path == "" {
		path = f.Getenv("TENANTRY_CONFIG")
	}
	c, err := config.Load(config.Options{Path: path, Environ: f.Environ, UserDir: dir})
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return c, clierr.Usage("give a readable file with --config or TENANTRY_CONFIG", "%v", err).Because(err)
	}
	return c, err
}

func (f *Factory) chooseCloud() (entra.Cloud, error) {
	cfg, err := f.Config()
	if err != nil {
		return entra.Cloud{}, err
	}
	name := f.Flags.Cloud
	if name == "" {
		name = cfg.Cloud
	}
	if cc := cfg.CustomCloud; cc.Name != "" && (name == cc.Name || name == "") {
		endpoint := cc.DefenderEndpoint
		if endpoint == "" {
			endpoint = cc.Defender
		}
		return entra.CustomCloud(cc.Name, cc.Login, cc.Graph, cc.Defender, endpoint)
	}
	if name == "" {
		name = f.azureCloud()
	}
	c, err := entra.CloudByName(name)
	if err != nil {
		return c, clierr.Usage("name one of these with --cloud, or declare custom_cloud in "+config.FileName, "--cloud: %v", err).Because(err)
	}
	return c, nil
}

// azureCloud is the cloud whose login host AZURE_AUTHORITY_HOST names, as
// Azure's own SDKs read it; else the public one.
func (f *Factory) azureCloud() string {
	host := strings.TrimSuffix(f.Getenv("AZURE_AUTHORITY_HOST"), "/")
	for _, c := range entra.Clouds() {
		if strings.EqualFold(host, c.Login) || strings.EqualFold("https://"+host, c.Login) {
			return c.Name
		}
	}
	return "public"
}

func (f *Factory) newPrinter() (*output.Printer, error) {
	cfg, err := f.Config()
	if err != nil {
		return nil, err
	}
	name := f.Flags.Output
	if name == "" {
		name = cfg.Output
	}
	format := output.NDJSON
	if f.Streams.OutTTY {
		format = output.Table
	}
	if name != "" {
		if format, err = output.ParseFormat(name); err != nil {
			return nil, clierr.Usage("such as --output json", "--output: %v", err)
		}
	}
	query, err := output.ParseQuery(f.Flags.Query)
	if err != nil {
		return nil, clierr.Usage("such as --query '[].id'; the grammar is at https://jmespath.org", "--query: %v", err)
	}
	return &output.Printer{Out: f.Streams.Out, Format: format, Query: query, Width: f.Streams.Width, Color: f.color()}, nil
}

// color says whether a person wants colours: on a terminal, unless NO_COLOR is
// set to anything (https://no-color.org) or the terminal cannot.
func (f *Factory) color() bool {
	return f.Streams.OutTTY && f.Getenv("NO_COLOR") == "" && f.Getenv("TERM") != "dumb"
}

// Print prints one result by --output and --query.
func (f *Factory) Print(r output.Result) error {
	p, err := f.Printer()
	if err != nil {
		return err
	}
	return p.Print(r)
}

// KnownEnv are the TENANTRY_* variables that are read but override no key of
// the configuration.
func (f *Factory) KnownEnv() []string {
	return []string{"TENANTRY_CONFIG", "TENANTRY_SANDBOX_ORIGIN", "TENANTRY_SANDBOX_PROXY", "TENANTRY_SANDBOX_MANAGEMENT"}
}

// Parallel is how many tenants are asked at once.
func (f *Factory) Parallel() (int, error) {
	cfg, err := f.Config()
	if err != nil {
		return 0, err
	}
	if cfg.Parallel == 0 {
		return 8, nil
	}
	return cfg.Parallel, nil
}

// StateDir is the directory of the state: --state, the configuration's, or
// tenantry in XDG_STATE_HOME (~/.local/state when that is not set).
func (f *Factory) StateDir() (string, error) {
	cfg, err := f.Config()
	if err != nil {
		return "", err
	}
	switch {
	case f.Flags.State != "":
		return f.Flags.State, nil
	case cfg.State != "":
		return cfg.State, nil
	}
	base := f.Getenv("XDG_STATE_HOME")
	if base == "" {
		home := f.Getenv("HOME")
		if home == "" {
			return "", clierr.Usage("give a directory with --state", "neither XDG_STATE_HOME nor HOME is set, so there is no place for the state")
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "tenantry"), nil
}

// StateFile is the name of the database in the state directory.
const StateFile = "tenantry.db"

// Store opens the state, creating it when it does not exist yet.
func (f *Factory) Store(ctx context.Context) (Store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store != nil {
		return f.store, nil
	}
	dir, err := f.StateDir()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, clierr.Failed("choose another directory with --state", "cannot create the state directory: %v", err).Because(err)
	}
	s, err := f.opts.OpenStore(ctx, filepath.Join(dir, StateFile), f.Now)
	if err != nil {
		return nil, err
	}
	f.store = s
	return s, nil
}

// OpenStore opens, and creates when missing, a state of the caller's own. The
// caller closes it.
func (f *Factory) OpenStore(ctx context.Context, path string) (Store, error) {
	return f.opts.OpenStore(ctx, path, f.Now)
}

// ExistingStore opens the state when there is one. A command that only reads
// creates nothing.
func (f *Factory) ExistingStore(ctx context.Context) (Store, bool, error) {
	dir, err := f.StateDir()
	if err != nil {
		return nil, false, err
	}
	if _, err := os.Stat(filepath.Join(dir, StateFile)); err != nil {
		if os.IsNotExist(err) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("look for the state: %w", err)
	}
	s, err := f.Store(ctx)
	return s, err == nil, err
}

// Resolver resolves references to secrets and tells of a file that others can
// read.
func (f *Factory) Resolver() *secret.Resolver {
	return &secret.Resolver{Getenv: f.LookupEnv, Keyring: f.opts.Keyring}
}

// TraceTo is where --trace writes; nil without the flag.
func (f *Factory) TraceTo() io.Writer {
	if !f.Flags.Trace {
		return nil
	}
	return f.Streams.Err
}
