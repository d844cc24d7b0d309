package defender

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// ActionService is the calls about what was done to the machines of one tenant.
// It is safe for concurrent use; limits are those of [MachineService].
type ActionService struct{ client *Client }

// MachineActions returns the calls about machine actions.
func (c *Client) MachineActions() *ActionService { return &ActionService{client: c} }

// ActionListOptions narrows a list of machine actions. The zero value asks for
// all of them. What is set must all hold; of several values in a list, one.
type ActionListOptions struct {
	MachineID string
	Type      []ActionType
	Status    []ActionStatus
	Requestor string
	Created   time.Time // created then or later
	// Top is the page size, 10,000 at most; 0 means 1,000.
	Top int
	// Cursor continues a list: ActionPage.Next of the page before. All ignores it.
	Cursor string
}

// ActionPage is one page of machine actions; see MachinePage.
type ActionPage struct {
	Items []*MachineAction
	Next  string
}

func (s *ActionService) list(o ActionListOptions) (*mdeList[MachineAction], error) {
	f := &filter{surface: SurfaceMDE}
	f.equal("MachineID", "machineId", o.MachineID)
	oneOf(f, "Type", "type", ActionTypes(), o.Type)
	oneOf(f, "Status", "status", ActionStatuses(), o.Status)
	f.equal("Requestor", "requestor", o.Requestor)
	f.since("creationDateTimeUtc", o.Created)
	q, err := f.mdeQuery(o.Top)
	if err != nil {
		return nil, err
	}
	// 404 for an empty list is documented for machines alone.
	return &mdeList[MachineAction]{client: s.client, op: OpListActions, path: "/api/machineactions", query: q, top: o.Top,
		id: func(a *MachineAction) string { return a.ID }}, nil
}

// List reads one page. The examples show the newest first; the page promises no
// order.
//
// GET /api/machineactions, needs Machine.Read.All or Machine.ReadWrite.All;
// https://learn.microsoft.com/defender-endpoint/api/get-machineactions-collection
func (s *ActionService) List(ctx context.Context, o ActionListOptions) (ActionPage, error) {
	l, err := s.list(o)
	if err != nil {
		return ActionPage{}, err
	}
	items, next, err := l.page(ctx, o.Cursor)
	return ActionPage{Items: items, Next: next}, err
}

// All reads the whole list as [MachineService.All] does, each action once.
func (s *ActionService) All(ctx context.Context, o ActionListOptions) iter.Seq2[*MachineAction, error] {
	l, err := s.list(o)
	if err != nil {
		return failed[MachineAction](err)
	}
	return l.all(ctx)
}

// Get reads one action: how far it has come. An unknown one is an [*Error] with
// status 404.
//
// GET /api/machineactions/{id}, roles as for List;
// https://learn.microsoft.com/defender-endpoint/api/get-machineaction-object
func (s *ActionService) Get(ctx context.Context, id string) (*MachineAction, error) {
	if err := mdePathID("action id", id); err != nil {
		return nil, err
	}
	return mdeGet[MachineAction](ctx, s.client, OpGetAction, "/api/machineactions/"+id)
}

// Cancel calls off an action that has not come to its end. The comment is
// required here, though the page does not say so. A failure after the request
// was sent is an [*UncertainError].
//
// POST /api/machineactions/{id}/cancel, needs the role of such an action, such
// as Machine.Isolate;
// https://learn.microsoft.com/defender-endpoint/api/cancel-machine-action
func (s *ActionService) Cancel(ctx context.Context, id, comment string) (*MachineAction, error) {
	if err := mdePathID("action id", id); err != nil {
		return nil, err
	}
	if err := checkActionComment(comment); err != nil {
		return nil, err
	}
	u, err := s.client.mdeURL("/api/machineactions/" + id + "/cancel")
	if err != nil {
		return nil, err
	}
	a, err := mdeWrite[MachineAction](ctx, s.client, OpCancelAction, u, map[string]string{"Comment": comment}, http.StatusOK, http.StatusCreated)
	if err != nil {
		return nil, uncertainMDE(OpCancelAction, id, "Read this action: a cancellation shows in its status and its cancellation comment.", err)
	}
	return a, nil
}
