package defender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MachineService is the calls about the machines of one tenant. It is safe for
// concurrent use. All of them go to SurfaceMDE, whose limits are 100 calls a
// minute and 1,500 an hour for each of them; a client without an origin for it
// refuses each call with an [*OptionError].
type MachineService struct{ client *Client }

// Machines returns the calls about machines.
func (c *Client) Machines() *MachineService { return &MachineService{client: c} }

// MachineListOptions narrows a list of machines. The zero value asks for all of
// them. What is set must all hold; of several values in a list, one.
type MachineListOptions struct {
	Name       string // the whole computerDnsName
	NamePrefix string // what computerDnsName begins with
	ID         string
	LastSeen   time.Time // seen then or later
	Health     []MachineHealth
	Onboarding []MachineOnboarding
	Risk       []MachineLevel
	Exposure   []MachineLevel
	OSPlatform []string // such as "Windows11", compared as it is written
	LastIP     string
	// Top is the page size, 10,000 at most; 0 means 1,000.
	Top int
	// Cursor continues a list: MachinePage.Next of the page before. All ignores it.
	Cursor string
}

// MachinePage is one page of machines. Next continues the list; it is set after
// every page that held anything, since the service tells no end.
type MachinePage struct {
	Items []*Machine
	Next  string
}

func (s *MachineService) list(o MachineListOptions) (*mdeList[Machine], error) {
	f := &filter{surface: SurfaceMDE}
	f.equal("Name", "computerDnsName", o.Name)
	if o.NamePrefix != "" {
		if strings.ContainsFunc(o.NamePrefix, unicode.IsControl) {
			f.refuse("NamePrefix", o.NamePrefix, "use text without control characters")
		}
		f.add("startswith(computerDnsName," + quoted(o.NamePrefix) + ")")
	}
	f.equal("ID", "id", o.ID)
	f.since("lastSeen", o.LastSeen)
	oneOf(f, "Health", "healthStatus", MachineHealths(), o.Health)
	oneOf(f, "Onboarding", "onboardingStatus", MachineOnboardings(), o.Onboarding)
	oneOf(f, "Risk", "riskScore", MachineRisks(), o.Risk)
	oneOf(f, "Exposure", "exposureLevel", MachineExposures(), o.Exposure)
	for _, platform := range o.OSPlatform {
		if platform == "" || strings.ContainsFunc(platform, unicode.IsControl) {
			f.refuse("OSPlatform", platform, "use a name such as Windows11")
		}
	}
	oneOf(f, "OSPlatform", "osPlatform", o.OSPlatform, o.OSPlatform)
	f.equal("LastIP", "lastIpAddress", o.LastIP)
	q, err := f.mdeQuery(o.Top)
	if err != nil {
		return nil, err
	}
	return &mdeList[Machine]{client: s.client, op: OpListMachines, path: "/api/machines", query: q, top: o.Top,
		id: func(m *Machine) string { return m.ID }, emptyOn404: true}, nil
}

// List reads one page. A tenant without machines, or without one that matches,
// has an empty page: the service answers 404 then.
//
// GET /api/machines, needs Machine.Read.All or Machine.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/get-machines
func (s *MachineService) List(ctx context.Context, o MachineListOptions) (MachinePage, error) {
	l, err := s.list(o)
	if err != nil {
		return MachinePage{}, err
	}
	items, next, err := l.page(ctx, o.Cursor)
	return MachinePage{Items: items, Next: next}, err
}

// All reads the whole list, one page at a time as the caller goes on, each
// machine once. It yields the first error, if any, and stops. Pages overlap by
// one machine, so that a list that moves while it is read is noticed, and a
// list of one page takes two calls.
func (s *MachineService) All(ctx context.Context, o MachineListOptions) iter.Seq2[*Machine, error] {
	l, err := s.list(o)
	if err != nil {
		return failed[Machine](err)
	}
	return l.all(ctx)
}

// Get reads one machine by its id or, as the page says, by its computer name.
// An unknown one is an [*Error] with status 404.
//
// GET /api/machines/{id}, needs Machine.Read.All or Machine.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/get-machine-by-id
func (s *MachineService) Get(ctx context.Context, id string) (*Machine, error) {
	if err := mdePathID("machine id", id); err != nil {
		return nil, err
	}
	return mdeGet[Machine](ctx, s.client, OpGetMachine, "/api/machines/"+id)
}

// IsolationType is how far a machine is cut off.
type IsolationType string

// Types of isolation.
const (
	IsolateFull      IsolationType = "Full"
	IsolateSelective IsolationType = "Selective" // Outlook, Teams and Skype go on
	// IsolateUnmanaged contains a device that is not managed: the managed ones
	// around it stop talking to it.
	IsolateUnmanaged IsolationType = "UnManagedDevice"
)

// IsolationTypes lists the types of isolation.
func IsolationTypes() []IsolationType {
	return []IsolationType{IsolateFull, IsolateSelective, IsolateUnmanaged}
}

// IsolateRequest asks for an isolation.
type IsolateRequest struct {
	Type    IsolationType // empty means IsolateFull
	Comment string        // required; the customer reads it
}

// Isolate cuts a machine off from the network. The action it returns is
// pending until the machine takes it up: see [ActionService.Get].
//
// It does not look whether an isolation is under way already, and sending a
// second one is not harmless: it can stay pending and take effect after the
// release. Look first ([ActionService.All] with the machine's id); package
// respond does so.
//
// A failure after the request was sent is an [*UncertainError]; nothing is sent
// again, except after a 429, which says that nothing was done.
//
// POST /api/machines/{id}/isolate, needs Machine.Isolate;
// https://learn.microsoft.com/defender-endpoint/api/isolate-machine
func (s *MachineService) Isolate(ctx context.Context, id string, r IsolateRequest) (*MachineAction, error) {
	if r.Type == "" {
		r.Type = IsolateFull
	}
	kind := canonicalOf(IsolationTypes(), r.Type)
	if !slices.Contains(IsolationTypes(), kind) {
		return nil, &OptionError{Surface: SurfaceMDE, Option: "isolation type", Value: string(r.Type), Remedy: "use Full, Selective or UnManagedDevice"}
	}
	return s.act(ctx, OpIsolateMachine, id, "isolate", map[string]string{"Comment": r.Comment, "IsolationType": string(kind)})
}

// Release ends a machine's isolation; see [MachineService.Isolate].
//
// POST /api/machines/{id}/unisolate, needs Machine.Isolate;
// https://learn.microsoft.com/defender-endpoint/api/unisolate-machine
func (s *MachineService) Release(ctx context.Context, id, comment string) (*MachineAction, error) {
	return s.act(ctx, OpReleaseMachine, id, "unisolate", map[string]string{"Comment": comment})
}

// ScanType is how thorough an antivirus scan is.
type ScanType string

// Types of scan.
const (
	ScanQuick ScanType = "Quick"
	ScanFull  ScanType = "Full"
)

// ScanTypes lists the types of scan.
func ScanTypes() []ScanType { return []ScanType{ScanQuick, ScanFull} }

// Scan starts an antivirus scan; see [MachineService.Isolate]. While one is under
// way the service answers with that one, or 400 "Action is already in progress".
//
// POST /api/machines/{id}/runAntiVirusScan, needs Machine.Scan;
// https://learn.microsoft.com/defender-endpoint/api/run-av-scan
func (s *MachineService) Scan(ctx context.Context, id string, t ScanType, comment string) (*MachineAction, error) {
	kind := canonicalOf(ScanTypes(), t)
	if !slices.Contains(ScanTypes(), kind) {
		return nil, &OptionError{Surface: SurfaceMDE, Option: "scan type", Value: string(t), Remedy: "use Quick or Full"}
	}
	return s.act(ctx, OpScanMachine, id, "runAntiVirusScan", map[string]string{"Comment": comment, "ScanType": string(kind)})
}

// CollectPackage has a machine put together its investigation package; see
// [MachineService.Isolate]. While one is being collected the service answers 400.
//
// POST /api/machines/{id}/collectInvestigationPackage, needs
// Machine.CollectForensics;
// https://learn.microsoft.com/defender-endpoint/api/collect-investigation-package
func (s *MachineService) CollectPackage(ctx context.Context, id, comment string) (*MachineAction, error) {
	return s.act(ctx, OpCollectPackage, id, "collectInvestigationPackage", map[string]string{"Comment": comment})
}

// act posts one action.
func (s *MachineService) act(ctx context.Context, op Operation, id, verb string, body map[string]string) (*MachineAction, error) {
	if err := mdePathID("machine id", id); err != nil {
		return nil, err
	}
	if err := checkActionComment(body["Comment"]); err != nil {
		return nil, err
	}
	u, err := s.client.mdeURL("/api/machines/" + id + "/" + verb)
	if err != nil {
		return nil, err
	}
	// 200 is not documented for these; where a repeated request is answered with
	// the action that is pending already, it may well be what comes.
	a, err := mdeWrite[MachineAction](ctx, s.client, op, u, body, http.StatusCreated, http.StatusOK)
	if err != nil {
		return nil, uncertainMDE(op, id, "List the actions of this machine: an action of this kind with your comment means that it was done.", err)
	}
	return a, nil
}

// checkActionComment refuses what cannot be the comment of an action, which every
// one of them needs. Microsoft publishes no limit; the one of other comments is taken.
func checkActionComment(comment string) error {
	refuse := func(remedy string) error {
		return &OptionError{Surface: SurfaceMDE, Option: "comment", Remedy: remedy}
	}
	switch {
	case strings.TrimSpace(comment) == "":
		return refuse("the service takes this only with a comment")
	case !plainLines(comment):
		return refuse("write it in plain text, without control characters")
	case utf8.RuneCountInString(comment) > maxComment:
		return refuse(fmt.Sprintf("use %d characters at most", maxComment))
	}
	return nil
}

// mdeGet reads one object.
func mdeGet[T mdeItem](ctx context.Context, c *Client, op Operation, path string) (*T, error) {
	u, err := c.mdeURL(path)
	if err != nil {
		return nil, err
	}
	body, err := c.get(ctx, SurfaceMDE, op, u)
	if err != nil {
		return nil, err
	}
	return mdeDecode[T](body)
}

// mdeWrite posts a body and reads the object that comes back.
func mdeWrite[T mdeItem](ctx context.Context, c *Client, op Operation, u *url.URL, body any, accept ...int) (*T, error) {
	answer, err := c.send(ctx, SurfaceMDE, op, http.MethodPost, u, body, accept...)
	if err != nil {
		return nil, err
	}
	if len(answer.body) == 0 {
		return nil, &BodyError{Surface: SurfaceMDE, Operation: op, Status: answer.status, Problem: BodyEmpty}
	}
	return mdeDecode[T](answer.body)
}

func mdeDecode[T mdeItem](body []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(body, v); err != nil {
		return nil, err
	}
	return v, nil
}

// uncertainMDE makes of an error after which nobody can tell whether a write was
// carried out an UncertainError that says how to find out; others stay.
func uncertainMDE(op Operation, target, check string, err error) error {
	if _, undecodable := errors.AsType[*DecodeError](err); undecodable || unclear(err) {
		return &UncertainError{Surface: SurfaceMDE, Operation: op, Target: target, Check: check, Err: err}
	}
	return err
}

// failed is a list that cannot be asked for.
func failed[T any](err error) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) { yield(nil, err) }
}
